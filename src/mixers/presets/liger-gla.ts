/** Liger with gated linear attention: gates made of the keys themselves, so that nothing new is learned. */
import type { Preset } from "../preset.ts";
import { besideWindow, keyGate } from "./common.ts";

/** Gated linear attention on softmax features. */
export const ligerGla: Preset = {
  name: "liger-gla",
  title: "Liger, gated linear attention",
  paper: "arXiv 2503.01496",
  equation: "S_t = diag(σ(k_t)^{1/16}) S_{t−1} + softmax(k_t)ᵀ v_t, o_t = ½ window_t + ½ softmax(q_t) S_t",
  spec: { ...besideWindow, state: { featureMap: { kind: "softmax" }, decay: { ...keyGate, divisor: 16 } } },
};
