/** InLine attention, causal: injective linear attention with a short filter for what is near. */
import type { Preset } from "../preset.ts";

/** Normalised by subtraction; the causal counterpart of its local residual is a filter of four taps. */
export const inlineCausal: Preset = {
  name: "inline-causal",
  title: "InLine attention (causal)",
  paper: "arXiv 2412.06590",
  equation: "o_t = s φ(q_t) S_t / t + (1 − s φ(q_t)·Σ_{j≤t} φ(k_j) / t) v̄_t + conv₄(v)_t",
  spec: {
    state: { featureMap: { kind: "relu" }, scale: "dim", write: { kind: "injective" } },
    local: { kind: "depthwise", size: 4 },
  },
};
