/** How published code of this mixer is read: rgLru. */
import type { Oracle } from "../../preset.ts";

const gates = {
  values: "activations:BHTK",
  "decay.rate": "recurrent_param:HK",
  "decay.weight": "recurrent_gate_weight:HKK",
  "decay.bias": "recurrent_gate_bias:HK",
  "input.weight": "input_gate_weight:HKK",
  "input.bias": "input_gate_bias:HK",
} as const;
const function_ = "recurrent_gemma.modeling_recurrent_gemma.RecurrentGemmaRglru";
const operator = { convolution: null, outputGate: null } as const;
const states = { recurrent: "final_state:BD>BHIK" } as const;

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
  {
    function: function_,
    when: { position_start: 3 },
    spec: { ...operator, state: { write: { wholeFirst: false } } },
    tensors: { ...gates, "state.recurrent": "recurrent_states:BHIK" },
    states,
    output: "BTD",
  },
  {
    function: function_,
    when: { position_start: 0 },
    spec: operator,
    tensors: gates,
    unused: ["recurrent_states"],
    states,
    output: "BTD",
  },
];
