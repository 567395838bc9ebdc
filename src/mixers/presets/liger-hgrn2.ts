/** Liger with HGRN2: gates made of the keys themselves, so that nothing new is learned. */
import type { Preset } from "../preset.ts";
import { besideWindow, keyGate } from "./common.ts";

/** What the decay leaves is what is written. */
export const ligerHgrn2: Preset = {
  name: "liger-hgrn2",
  title: "Liger, HGRN2",
  paper: "arXiv 2503.01496",
  equation: "S_t = diag(σ(k_t)) S_{t−1} + (1 − σ(k_t))ᵀ v_t, o_t = ½ window_t + ½ softmax(q_t) S_t",
  spec: {
    ...besideWindow,
    state: { featureMap: { kind: "softmax" }, decay: keyGate, write: { kind: "add", keys: "complement" } },
  },
};
