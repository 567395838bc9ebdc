/** How published code of Comba is read: its kernels, and its recurrent function. */
import type { Oracle } from "../../preset.ts";
import { bare, final, givenDecay, initial, qkv } from "../common.ts";

const given = { source: "given" } as const;
const write = { strength: given, erase: given, gates: false, erasePer: "feature", correction: null } as const;
const state = { featureMap: { kind: "identity" }, decay: givenDecay("head") } as const;
const oracle = {
  tensors: {
    ...qkv,
    ...initial,
    "stream.strength": "beta:BHTI",
    "stream.decay": "g:BHTI",
    "stream.erase": "p:BHTK",
  },
  states: final,
} as const;

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
  { ...oracle, function: "comba.naive.naive_chunk_comba", spec: { ...bare, state: { ...state, write } } },
  {
    ...oracle,
    function: "comba.naive.naive_recurrent_comba",
    spec: { ...bare, state: { ...state, write: { ...write, reads: "decayed" } } },
  },
];
