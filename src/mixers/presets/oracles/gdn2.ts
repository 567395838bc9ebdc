/** How published code of this mixer is read: gdn2. */
import type { Oracle } from "../../preset.ts";
import { bare, final, givenDecay, initial, qkv } from "../common.ts";

const given = { source: "given" } as const;

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
  {
    function: "gdn2.naive.naive_recurrent_gdn2",
    spec: {
      ...bare,
      state: {
        featureMap: { kind: "identity" },
        decay: givenDecay("feature"),
        write: { strength: given, erase: given },
      },
    },
    tensors: {
      ...qkv,
      ...initial,
      "stream.decay": "g:BHTK",
      "stream.erase": "b:BHTK",
      "stream.strength": "w:BHTV",
    },
    states: final,
  },
];
