/** MALA: linear attention that keeps the magnitude of its queries, with a convolution and a gate. */
import type { Preset } from "../preset.ts";

/** For images: 5 × 5 around each value on a grid of 16 columns, times a projection without activation. */
export const mala: Preset = {
  name: "mala",
  title: "Magnitude-aware linear attention",
  paper: "arXiv 2507.00698",
  equation:
    "o_i = ((1 + 1/z_i) s φ(q_i) ΣφKᵀV / N − z_i v̄ + conv₅ₓ₅(v)_i) ⊙ x_i U, z_i = s φ(q_i)·Σφ(k) / N, φ = 1 + elu",
  spec: {
    causal: false,
    state: { featureMap: { kind: "elu" }, scale: "dim", write: { kind: "magnitude" } },
    local: { kind: "grid", columns: 16, size: 5 },
    outputGate: { kind: "projected", activation: "none" },
  },
};
