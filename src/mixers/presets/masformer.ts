/** MASFormer: most layers attend to a window, a few to everything. */
import type { Preset } from "../preset.ts";

/** The windowed layers; which layers stay full is the layer plan's choice. */
export const masformer: Preset = {
  name: "masformer",
  title: "MASFormer",
  paper: "arXiv 2310.12442",
  equation: "o_t = Σ_{t−w<j≤t} softmax_j(q_t·k_j / √d) v_j, w = 512",
  spec: { window: { kind: "slide", size: 512 } },
};
