/** RG-LRU: a running mean of each channel, by gates made of the channels of its head. */
import type { Preset } from "../preset.ts";

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

/** The first token is written whole. */
export const rgLru: Preset = {
  name: "rg-lru",
  title: "RG-LRU",
  paper: "arXiv 2402.19427",
  equation:
    "h_t = α_t ⊙ h_{t−1} + √(1 − α_t²) ⊙ i_t ⊙ v_t, α_t = e^{−8 r_t softplus(Λ)}, r_t, i_t = σ(v_t W + b), o_t = h_t",
  spec: {
    rope: "none",
    convolution: { kind: "depthwise", size: 4, activation: "none", on: ["values"], bias: true },
    state: {
      featureMap: { kind: "one" },
      decay: { kind: "powered", source: "values" },
      write: { kind: "add", values: "variance", wholeFirst: true, input: { source: "values", bias: 0 } },
    },
    outputGate: { kind: "projected" },
  },
  oracles: [
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
  ],
};
