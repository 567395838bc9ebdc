/** Mamba: states whose step sizes are made of the tokens. Values are x, keys B, queries C. */
import type { Preset } from "../preset.ts";

/** A decay of its own for every element of the state. */
export const mamba: Preset = {
  name: "mamba",
  title: "Mamba selective scan",
  paper: "arXiv 2312.00752",
  equation: "h_t = e^{Δ_t A} ⊙ h_{t−1} + B_tᵀ (Δ_t ⊙ x_t), y_t = (C_t h_t + D ⊙ x_t) ⊙ silu(z_t)",
  spec: {
    rope: "none",
    state: {
      decay: { kind: "selective", rank: 16 },
      write: { kind: "add", values: "step" },
      skip: { kind: "direct", per: "value" },
    },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "mamba.modeling_mamba.mamba_selective_scan",
      spec: { state: { decay: { source: "given", rank: null } }, outputGate: { source: "given" } },
      tensors: {
        queries: "C:BITN",
        keys: "B:BITN",
        values: "hidden_states:BITD",
        "stream.decay": "dt:BITD",
        "stream.outputGate": "z:BITD",
        "decay.rate": "log(-A):IND",
        "decay.stepBias": "delta_bias:D",
        skip: "D:ID",
      },
      states: { recurrent: "final_state:BDN>BIND" },
    },
  ],
};
