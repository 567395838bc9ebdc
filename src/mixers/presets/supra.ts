/** SUPRA: a softmax layer trained up into a decaying state without normaliser. */
import type { Preset } from "../preset.ts";

/** One ReLU map across all heads, rotation after it, slopes per head, a norm instead of a divisor. */
export const supra: Preset = {
  name: "supra",
  title: "SUPRA",
  paper: "arXiv 2405.06640",
  equation: "o_t = GroupNorm(Σ_{j≤t} e^{−m_h (t−j)} rope(φ(q_t))·rope(φ(k_j)) / √d v_j), φ = ReLU(W x + b)",
  spec: {
    rope: "features",
    state: {
      featureMap: { kind: "projected", across: "heads", tied: true },
      scale: "dim",
      decay: { kind: "constant", slopes: "alibi" },
    },
    outputNorm: { kind: "group" },
  },
};
