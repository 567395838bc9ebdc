/** InLine attention: injective linear attention with a convolution for what is near. */
import type { Preset } from "../preset.ts";

/** For images; the 3 × 3 filters are learned here, where published layers predict them from the mean token. */
export const inline: Preset = {
  name: "inline",
  title: "InLine attention",
  paper: "arXiv 2412.06590",
  equation: "o_i = s φ(q_i) ΣφKᵀV / N + (1 − s φ(q_i)·Σφ(k) / N) v̄ + conv₃ₓ₃(v)_i, φ = relu",
  spec: {
    causal: false,
    state: { featureMap: { kind: "relu" }, scale: "dim", write: { kind: "injective" } },
    local: { kind: "grid", columns: 16, size: 3 },
  },
};
