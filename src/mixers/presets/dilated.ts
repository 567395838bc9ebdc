/** Dilated sliding-window attention. */
import type { Preset } from "../preset.ts";

/** 32 keys, two places apart: 64 places back. */
export const dilated: Preset = {
  name: "dilated",
  title: "Dilated window attention",
  paper: "arXiv 2004.05150",
  equation: "o_t = Σ softmax_j(q_t·k_j / √d) v_j over j = t − 2n, n < 32",
  spec: { window: { kind: "dilated", size: 32, stride: 2 } },
};
