/** SLAB's simplified linear attention: ReLU features and a convolution. */
import type { Preset } from "../preset.ts";

/** For images of 14 × 14 tokens. */
export const slab: Preset = {
  name: "slab",
  title: "SLAB, simplified linear attention",
  paper: "arXiv 2405.11582",
  equation: "o_i = φ(q_i) ΣφKᵀV / (φ(q_i)·Σφ(k) + ε) + conv₅ₓ₅(v)_i, φ = relu",
  spec: {
    causal: false,
    state: { featureMap: { kind: "relu" } },
    normalize: { kind: "row", epsilon: 1e-6 },
    local: { kind: "grid", columns: 14, size: 5 },
  },
};
