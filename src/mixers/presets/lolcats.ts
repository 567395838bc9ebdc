/** LoLCATs: a sliding softmax window, and Hedgehog features for all that left it. */
import type { Preset } from "../preset.ts";
import { branches, oracle } from "./lolcats-common.ts";

const slide = oracle("linear_window_attention_sw", {});

/** The window slides: the newest 64 keys (`window_sw`). */
export const lolcats: Preset = {
  name: "lolcats",
  title: "LoLCATs, sliding window",
  paper: "arXiv 2410.10254",
  equation: "o_t = (Σ_win γ e^{x−c} v + φ(q_t) S_{t−w}) / (Σ_win γ e^{x−c} + φ(q_t)·z_{t−w}), c = max x",
  spec: { window: { kind: "slide", size: 64 }, ...branches },
  oracles: [slide, { ...slide, tensors: { ...slide.tensors, "state.recurrent": ["kv_state:BHFK", "k_state:BHFI"] } }],
};
