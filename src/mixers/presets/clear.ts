/** CLEAR: local attention of a diffusion transformer. */
import type { Preset } from "../preset.ts";

/** An image of 64 × 64 tokens, each of which sees a disc around it. */
export const clear: Preset = {
  name: "clear",
  title: "CLEAR",
  paper: "arXiv 2412.16112",
  equation: "o_t = Σ softmax_j(q_t·k_j / √d) v_j over Δy² + Δx² < r²",
  spec: { causal: false, window: { kind: "disc", rows: 64, columns: 64, radius: 8 } },
};
