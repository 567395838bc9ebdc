/** Softmax attention over the newest keys alone. */
import type { Preset } from "../preset.ts";

/** The newest 64 keys, the query's own included. */
export const slidingWindow: Preset = {
  name: "sliding-window",
  title: "Sliding-window attention",
  paper: "arXiv 2004.05150",
  equation: "o_t = Σ_{t−w<j≤t} softmax_j(q_t·k_j / √d) v_j",
  spec: { window: { kind: "slide", size: 64 } },
};
