/** DeltaNet: a state that erases what a key recalls before it writes. */
import type { Preset } from "../preset.ts";
import { bare, filtered, final, givenDelta, initial, qkv } from "./common.ts";

/** No decay. */
export const deltaNet: Preset = {
  name: "delta-net",
  title: "DeltaNet",
  paper: "arXiv 2406.06484",
  equation: "S_t = S_{t−1} + β_t k_tᵀ (v_t − k_t S_{t−1}), o_t = s q_t S_t, ‖q‖ = ‖k‖ = 1",
  spec: { ...filtered, state: { featureMap: { kind: "unit" }, scale: "dim", write: { kind: "delta" } } },
  oracles: [
    {
      function: "delta_rule.naive.delta_rule_recurrence",
      spec: { ...bare, state: givenDelta },
      tensors: { ...qkv, ...initial, "stream.strength": "beta:BHTI" },
      states: final,
    },
  ],
};
