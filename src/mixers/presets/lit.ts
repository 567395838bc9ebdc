/** LiT: ReLU features, few heads and a convolution, for diffusion transformers. */
import type { Preset } from "../preset.ts";

/** For 16 × 16 tokens; that heads are few is the model's choice. */
export const lit: Preset = {
  name: "lit",
  title: "LiT, linear diffusion transformer",
  paper: "arXiv 2501.12976",
  equation: "o_i = φ(q_i) ΣφKᵀV / (φ(q_i)·Σφ(k) + ε) + conv₅ₓ₅(v)_i, φ = relu",
  spec: {
    causal: false,
    state: { featureMap: { kind: "relu" } },
    normalize: { kind: "row", epsilon: 1e-6 },
    local: { kind: "grid", columns: 16, size: 5 },
  },
};
