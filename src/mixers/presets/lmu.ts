/** The Legendre memory of LMUFormer, read by queries. */
import type { Preset } from "../preset.ts";

/** Fixed matrices keep 128 tokens of every value; published layers read all coefficients by a dense layer. */
export const lmu: Preset = {
  name: "lmu",
  title: "Legendre memory unit",
  paper: "arXiv 2402.04882",
  equation: "S_t = Ā S_{t−1} + B̄ v_t, o_t = q_t S_t + D v_t, Ā = e^A, A_ij = (2i+1)/θ · (−1 or (−1)^{i−j+1})",
  spec: {
    rope: "none",
    state: { scale: "dim", write: { kind: "legendre", span: 128 }, skip: { kind: "direct" } },
    outputNorm: { kind: "rms" },
  },
};
