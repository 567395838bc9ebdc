/** Gated DeltaNet: the delta rule on a state that decays. */
import type { Preset } from "../preset.ts";
import { bare, filtered, final, givenDecay, givenDelta, initial, qkv } from "./common.ts";

const gates = { "stream.strength": "beta:BHTI", "stream.decay": "g:BHTI" };
const named = { queries: "query:BHTK", keys: "key:BHTK", values: "value:BHTV" };
const operator = { states: final, spec: { ...bare, state: { ...givenDelta, decay: givenDecay("head") } } };
const qwen = "qwen3_next.modeling_qwen3_next.torch";

/** One decay per head. */
export const gatedDeltaNet: Preset = {
  name: "gated-delta-net",
  title: "Gated DeltaNet",
  paper: "arXiv 2412.06464",
  equation: "S' = α_t S_{t−1}, S_t = S' + β_t k_tᵀ (v_t − k_t S'), α_t = e^{−e^a softplus(x_t w + b)}, o_t = s q_t S_t",
  spec: {
    ...filtered,
    state: { featureMap: { kind: "unit" }, scale: "dim", decay: { kind: "step" }, write: { kind: "delta" } },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "gated_delta_rule.naive.naive_recurrent_gated_delta_rule",
      tensors: { ...qkv, ...initial, ...gates },
      ...operator,
    },
    {
      function: `${qwen}_recurrent_gated_delta_rule`,
      ...operator,
      spec: { ...operator.spec, state: { ...operator.spec.state, featureMap: { kind: "unit" } } },
      tensors: { ...named, ...initial, ...gates },
    },
    {
      function: `${qwen}_chunk_gated_delta_rule`,
      ...operator,
      tensors: {
        ...named,
        values: "value:BYTV",
        "stream.strength": "beta:BYTI",
        "stream.decay": "g:BYTI",
        "state.recurrent": "initial_state:BYKV",
      },
      states: { recurrent: "final_state:BYKV" },
      output: "BTYV",
    },
    {
      function: "gated_delta_rule.gate.naive_gdn_gate",
      part: "decay",
      spec: { state: { decay: { source: "given" } } },
      tensors: { "stream.decay": "g:BHTI", "decay.rate": "A_log:H", "decay.stepBias": "dt_bias:H" },
    },
  ],
};
