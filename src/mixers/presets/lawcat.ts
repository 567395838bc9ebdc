/** LAWCAT: short convolutions on queries and keys, and normalised gated linear attention. */
import type { Preset } from "../preset.ts";

/** Features of 32 columns; filters begin as the identity. */
export const lawcat: Preset = {
  name: "lawcat",
  title: "LAWCAT",
  paper: "arXiv 2509.18467",
  equation: "q̃, k̃ = conv₄(q), conv₄(k); S_t = diag(α_t) S_{t−1} + φ(k̃_t)ᵀ [v_t, 1]; o_t = num / den",
  spec: {
    convolution: { kind: "depthwise", size: 4, activation: "none", on: ["queries", "keys"] },
    state: {
      featureMap: { kind: "hedgehog", dim: 32 },
      decay: { kind: "sigmoid", per: "feature", rank: 16, divisor: 16, bias: 0 },
    },
    normalize: { kind: "row" },
  },
};
