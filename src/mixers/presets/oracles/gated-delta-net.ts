/** How published code of this mixer is read: gatedDeltaNet. */
import type { Oracle } from "../../preset.ts";
import { bare, final, givenDecay, givenDelta, initial, qkv } from "../common.ts";

const gates = { "stream.strength": "beta:BHTI", "stream.decay": "g:BHTI" };
const named = { queries: "query:BHTK", keys: "key:BHTK", values: "value:BHTV" };
const operator = { states: final, spec: { ...bare, state: { ...givenDelta, decay: givenDecay("head") } } };
const qwen = "qwen3_next.modeling_qwen3_next.torch";

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
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
];
