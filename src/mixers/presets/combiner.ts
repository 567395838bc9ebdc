/** Combiner, fixed pattern: the own block's tokens, and a summary of every earlier block. */
import type { Preset } from "../preset.ts";

/** One softmax over both; the state grows by one row per block. */
export const combiner: Preset = {
  name: "combiner",
  title: "Combiner (fixed)",
  paper: "arXiv 2107.05768",
  equation:
    "o_t = Σ_j a_tj v_j + Σ_r a_tr v̄_r, a = softmax(q_t·[k_j, k̄_r] / √d) over the block's j ≤ t and earlier blocks r",
  spec: { state: { write: { kind: "block-summaries", size: 64 } } },
};
