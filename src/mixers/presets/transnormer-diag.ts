/** TransNormer's early layers: attention within blocks. */
import type { Preset } from "../preset.ts";

/** Softmax over the query's own block of 64. */
export const transnormerDiag: Preset = {
  name: "transnormer-diag",
  title: "TransNormer (DiagAttention)",
  paper: "arXiv 2210.10340",
  equation: "o_t = Σ_j softmax_j(q_t·k_j / √d) v_j over j ≤ t of the query's block of 64",
  spec: { window: { kind: "block", size: 64 } },
};
