/** Comba: the delta rule that erases by a weaker key, and reads by a corrected query. */
import type { Preset } from "../preset.ts";
import { bare, filtered, final, givenDecay, initial, qkv } from "./common.ts";

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

/** One decay per head; the erasure reads the state before its decay. */
export const comba: Preset = {
  name: "comba",
  title: "Comba",
  paper: "arXiv 2506.02475",
  equation: "S_t = α_t S_{t−1} + β_t k_tᵀ (v_t − p_t S_{t−1}), p_t = σ(d) k_t, o_t = s (q_t − D p_t) S_t",
  spec: {
    ...filtered,
    state: {
      featureMap: { kind: "unit" },
      scale: "dim",
      decay: { kind: "step" },
      write: {
        kind: "erase",
        erase: { source: "learned", bias: 1 },
        erasePer: "head",
        gates: true,
        reads: "undecayed",
        correction: { source: "learned", activation: "none" },
      },
    },
    outputGate: { kind: "projected", activation: "sigmoid" },
  },
  oracles: [
    { ...oracle, function: "comba.naive.naive_chunk_comba", spec: { ...bare, state: { ...state, write } } },
    {
      ...oracle,
      function: "comba.naive.naive_recurrent_comba",
      spec: { ...bare, state: { ...state, write: { ...write, reads: "decayed" } } },
    },
  ],
};
