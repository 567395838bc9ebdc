/** RWKV-4: each channel is a mean of its own values, weighed by exponents that fade. */
import type { Preset } from "../preset.ts";

/** Keys are exponents; token shift is left to the block. */
export const rwkv4: Preset = {
  name: "rwkv4",
  title: "RWKV-4",
  paper: "arXiv 2305.13048",
  equation:
    "o_t = σ(r_t) ⊙ (a_{t−1} + e^{u + k_t} v_t) / (b_{t−1} + e^{u + k_t}), a_t = e^{−e^w} a_{t−1} + e^{k_t} v_t, b_t alike with v = 1",
  spec: {
    rope: "none",
    state: {
      decay: { kind: "exponential", per: "value", source: "learned", bias: -1 },
      write: { kind: "exponents" },
    },
    outputGate: { kind: "projected", activation: "sigmoid" },
  },
  oracles: [
    {
      function: "rwkv.modeling_rwkv.rwkv_linear_attention_cpu",
      spec: { outputGate: null },
      tensors: {
        queries: "key:BITD",
        keys: "key:BITD",
        values: "value:BITD",
        "decay.bias": "time_decay:D",
        "bonus.bias": "time_first:D",
        "state.recurrent": "num_state:BIJD",
        "state.sum": "den_state:BIJD",
        "state.largest": "max_state:BIJD",
      },
      states: {
        recurrent: "final_num_state:BIJD",
        sum: "final_den_state:BIJD",
        largest: "final_max_state:BIJD",
      },
    },
  ],
};
