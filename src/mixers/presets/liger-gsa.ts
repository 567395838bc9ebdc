/** Liger with gated slots: gates made of the keys themselves, so that nothing new is learned. */
import type { Preset } from "../preset.ts";
import { besideWindow, keyGate } from "./common.ts";

/** Slots read by a softmax. */
export const ligerGsa: Preset = {
  name: "liger-gsa",
  title: "Liger, gated slots",
  paper: "arXiv 2503.01496",
  equation: "slots of gsa with α_t = σ(k_t)^{1/16}, o_t = ½ window_t + ½ softmax(q_t K̃_tᵀ) Ṽ_t",
  spec: { ...besideWindow, state: { decay: { ...keyGate, divisor: 16 }, write: { kind: "slots" } } },
};
