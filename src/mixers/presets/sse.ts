/** SSE: a state expanded into partitions that a router chooses. */
import type { Preset } from "../preset.ts";

/** Gated linear attention in a shared and one of four partitions; published layers give these low-rank queries and keys beside. */
export const sse: Preset = {
  name: "sse",
  title: "Sparse state expansion",
  paper: "arXiv 2507.16577",
  equation: "S^n_t = diag(α_t) S^n_{t−1} + e_n softmax(k_t)ᵀ v_t where n is chosen, o_t = s q_t (S_t + Σ_n e_n S^n_t)",
  spec: {
    rope: "none",
    state: {
      featureMap: { kind: "softmax", on: "keys" },
      scale: "dim",
      decay: { kind: "sigmoid", per: "feature", rank: 16, divisor: 16, bias: 0 },
      write: { kind: "sparse", base: { kind: "add" } },
    },
    outputNorm: { kind: "rms" },
    outputGate: { kind: "projected" },
  },
};
