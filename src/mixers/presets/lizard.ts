/** Lizard: gated linear attention with one gate for all heads, and an unrotated window with sinks. */
import type { Preset } from "../preset.ts";

/** The window takes part at a learned weight, less what four learned scores take of it. */
export const lizard: Preset = {
  name: "lizard",
  title: "Lizard",
  paper: "arXiv 2507.09025",
  equation: "o_t = (φ(q_t) S_t) / (φ(q_t)·z_t) + α window_t, S_t = σ(x_t w) S_{t−1} + φ(k_t)ᵀ v_t",
  spec: {
    rope: "none",
    window: { kind: "slide", size: 128, sinks: { logits: 4 } },
    state: { featureMap: { kind: "hedgehog" }, decay: { kind: "sigmoid", per: "head", shared: true, bias: 3 } },
    normalize: { kind: "row" },
    mix: { kind: "alpha" },
  },
};
