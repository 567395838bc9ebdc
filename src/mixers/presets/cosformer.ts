/** cosFormer: rectified features whose kernel fades with distance. */
import type { Preset } from "../preset.ts";

/** Sequences of at most 4096 tokens. */
export const cosFormer: Preset = {
  name: "cosformer",
  title: "cosFormer",
  paper: "arXiv 2202.08791",
  equation: "o_i = Σ_{j≤i} a_ij v_j / Σ_{j≤i} a_ij, a_ij = relu(q_i)·relu(k_j) cos(π (i − j) / 2M)",
  spec: { rope: "none", state: { featureMap: { kind: "cosine" } }, normalize: { kind: "row", epsilon: 1e-6 } },
};
