/** Local linear attention: softmax attention that fits a line instead of a constant. */
import type { Preset } from "../preset.ts";

/** A ridge regression at each query; not linear in the length: it keeps every token. */
export const lla: Preset = {
  name: "lla",
  title: "Local linear attention",
  paper: "arXiv 2510.01450",
  equation: "o = Σ_j p_j (1 − X_j·ρ) v_j / (1 − μ·ρ), p = softmax(q·k / √d), X = k − q, ρ = (Σ p XᵀX + λ)⁻¹ Σ p X",
  spec: { state: { write: { kind: "local-linear" } } },
};
