/** Block-sparse attention. */
import type { Preset } from "../preset.ts";

/** BigBird's pattern, read forwards and without its random blocks: own block, the one before, and the first one. */
export const blockSparse: Preset = {
  name: "block-sparse",
  title: "Block-sparse attention",
  paper: "arXiv 2007.14062",
  equation: "o_t = Σ softmax_j(q_t·k_j / √d) v_j over j ≤ t in block 0, ⌊t/b⌋ − 1 or ⌊t/b⌋",
  spec: { window: { kind: "terrace", size: 32, align: "start", sinks: { tokens: 32 } } },
};
