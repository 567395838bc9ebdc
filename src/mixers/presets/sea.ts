/** SEA: sparse attention whose mask linear attention estimates. */
import type { Preset } from "../preset.ts";

/** The estimator learns through the scores of the columns it chose; decoding keeps every token. */
export const sea: Preset = {
  name: "sea",
  title: "Sparse attention by an estimated mask",
  paper: "arXiv 2310.01777",
  equation: "o_t = σ(a) Σ_{j∈M_t} softmax_j(q_t·k_j / √d) v_j + σ(b) v̄_t, M_t = the tokens of the top 8 of 128 columns",
  spec: { state: { write: { kind: "estimated-mask", columns: 128, top: 8 } } },
};
