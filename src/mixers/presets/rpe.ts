/** Kernelised attention with relative positions that end: a state of constant size. */
import type { Preset } from "../preset.ts";

/** Every distance below 128 has a weight of its own, and all beyond share the last, as T5's positions do. */
export const rpe: Preset = {
  name: "rpe",
  title: "Kernelised attention with relative positions",
  paper: "arXiv 2106.12566, 1910.10683",
  equation: "o_t = Σ_{j≤t} e^{b_{t−j}} φ(q_t)·φ(k_j) v_j / Σ_{j≤t} e^{b_{t−j}} φ(q_t)·φ(k_j), b_n = b_127 beyond",
  spec: {
    rope: "none",
    state: {
      featureMap: { kind: "projected", activation: "exp", unit: true, bias: false },
      write: { kind: "distance", span: 128 },
    },
    normalize: { kind: "row" },
  },
};
