/** MALA, causal: linear attention that keeps the magnitude of its queries. */
import type { Preset } from "../preset.ts";

/** Sums over the tokens so far instead of over all. */
export const malaCausal: Preset = {
  name: "mala-causal",
  title: "Magnitude-aware linear attention (causal)",
  paper: "arXiv 2507.00698",
  equation: "o_t = (1 + 1/z_t) s φ(q_t) S_t / t − z_t v̄_t, z_t = s φ(q_t)·Σ_{j≤t} φ(k_j) / t, φ = 1 + elu",
  spec: { state: { featureMap: { kind: "elu" }, scale: "dim", write: { kind: "magnitude" } } },
};
