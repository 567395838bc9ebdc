/** How published code of this mixer is read: momentumDelta. */
import type { Oracle } from "../../preset.ts";
import { bare, givenDecay, qkv } from "../common.ts";

const given = { source: "given", activation: "none", bias: null } as const;

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
  {
    function: "momentum_delta_rule.naive.recurrent_momentum_delta_rule_ref",
    spec: {
      ...bare,
      state: {
        featureMap: { kind: "identity" },
        decay: givenDecay("head"),
        write: { rate: given, strength: given, keep: given, recall: given, gates: false },
      },
    },
    tensors: {
      ...qkv,
      "stream.decay": "log_alpha:BHTI",
      "stream.keep": "log_mu:BHTI",
      "stream.rate": "eta:BHTI",
      "stream.strength": "beta:BHTI",
      "stream.recall": "p:BHTK",
      "state.recurrent": "initial_S:BHKV",
      "state.velocity": "initial_M:BHKV",
    },
    states: { recurrent: "final_state[0]:BHKV", velocity: "final_state[1]:BHKV" },
  },
];
