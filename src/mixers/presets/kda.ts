/** Kimi delta attention: the delta rule on a state that decays channel by channel. */
import type { Preset } from "../preset.ts";
import { bare, filtered, final, givenDecay, givenDelta, initial, qkv } from "./common.ts";

const gate = { "stream.decay": "g:BHTK", "decay.rate": "A_log:H", "decay.stepBias": "dt_bias:D" };

/** One decay per channel. */
export const kda: Preset = {
  name: "kda",
  title: "Kimi delta attention",
  paper: "arXiv 2510.26692",
  equation: "S' = diag(α_t) S_{t−1}, S_t = S' + β_t k_tᵀ (v_t − k_t S'), o_t = s q_t S_t, ‖q‖ = ‖k‖ = 1",
  spec: {
    ...filtered,
    state: {
      featureMap: { kind: "unit" },
      scale: "dim",
      decay: { kind: "step", per: "feature", rank: 16 },
      write: { kind: "delta" },
    },
    outputGate: { kind: "projected", rank: 16, activation: "sigmoid", bias: 0 },
  },
  oracles: [
    {
      function: "kda.naive.naive_recurrent_kda",
      spec: { ...bare, state: { ...givenDelta, decay: givenDecay("feature") } },
      tensors: { ...qkv, ...initial, "stream.strength": "beta:BHTI", "stream.decay": "g:BHTK" },
      states: final,
    },
    {
      function: "kda.gate.naive_kda_gate",
      part: "decay",
      spec: { state: { decay: { source: "given", rank: null } } },
      tensors: gate,
    },
    {
      function: "kda.gate.naive_kda_lowerbound_gate",
      part: "decay",
      spec: { state: { decay: { kind: "bounded", source: "given", rank: null } } },
      arguments: { "state.decay.lowest": "lower_bound" },
      tensors: gate,
    },
  ],
};
