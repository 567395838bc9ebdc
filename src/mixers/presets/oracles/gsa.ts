/** How published code of this mixer is read: gsa. */
import type { Oracle } from "../../preset.ts";

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
  {
    function: "gsa.naive.naive_recurrent_gsa",
    spec: {
      outputNorm: null,
      state: {
        featureMap: { kind: "identity" },
        scale: "dim",
        decay: { kind: "given", per: "feature" },
        write: { count: 8, strength: "given" },
      },
    },
    tensors: {
      queries: "q:BHTK",
      keys: "k:BHTK",
      values: "v:BHTV",
      "stream.slots": "s:BHTM",
      "stream.decay": "g:BHTM",
      "state.slotKeys": "initial_state_k:BHKM",
      "state.slotValues": "initial_state_v:BHMV",
    },
    states: { slotKeys: "final_state_k:BHKM", slotValues: "final_state_v:BHMV" },
  },
];
