/** LongVQ: quantised keys for what is far, a window for what is near. */
import type { Preset } from "../preset.ts";

/** Softmax over codes with counts, weighed per head against a window; published layers smooth their queries before. */
export const longvq: Preset = {
  name: "longvq",
  title: "LongVQ",
  paper: "arXiv 2404.11163",
  equation: "o = γ softmax_w(q·k) v + (1 − γ) Σ_c e^{q·c/√d} Σ_{j: k_j→c} v_j / Σ_c e^{q·c/√d} n_c",
  spec: {
    window: { kind: "slide", size: 64 },
    state: { featureMap: { kind: "codebook" } },
    normalize: { kind: "row" },
    mix: { kind: "gamma", affine: true, initial: 0.5 },
  },
};
