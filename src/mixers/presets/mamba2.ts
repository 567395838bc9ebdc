/** Mamba-2: one step size and decay per head. Values are x, keys B, queries C. */
import type { Preset } from "../preset.ts";
import { bare } from "./common.ts";

/** One decay per head. */
export const mamba2: Preset = {
  name: "mamba2",
  title: "Mamba-2",
  paper: "arXiv 2405.21060",
  equation: "S_t = e^{A Δ_t} S_{t−1} + B_tᵀ (Δ_t x_t), y_t = RMSNorm((C_t S_t + D x_t) ⊙ silu(z_t))",
  spec: {
    rope: "none",
    convolution: { kind: "depthwise", size: 4, bias: true },
    state: {
      decay: { kind: "step" },
      write: { kind: "add", values: "step" },
      skip: { kind: "direct" },
    },
    outputNorm: { kind: "rms", over: "heads" },
    outputGate: { kind: "projected", order: "before-norm" },
  },
  oracles: [
    {
      function: "mamba2.modeling_mamba2.mamba2_chunk_scan",
      spec: { ...bare, state: { decay: { source: "given" } } },
      tensors: {
        queries: "C:BGTN",
        keys: "B:BGTN",
        values: "hidden_states:BHTV",
        "stream.decay": "dt:BHTI",
        "decay.rate": "log(-A):H",
        "decay.stepBias": "dt_bias:H",
        skip: "D:H",
        "state.recurrent": "initial_states:BHNV",
      },
      states: { recurrent: "final_state:BHVN>BHNV" },
    },
  ],
};
