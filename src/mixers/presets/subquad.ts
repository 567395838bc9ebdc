/** subquad: a rotated window that keeps the first tokens, and beside it one gated delta state per group for all that is older. */
import type { Preset } from "../preset.ts";

/** What the window forgets is kept by the state, which all query heads of a group share; its weight is learned per head. */
export const subquad: Preset = {
  name: "subquad",
  title: "Window beside a shared gated delta state",
  paper: "arXiv 2412.06464",
  equation: "o_t = window_t + c S_t φ(q_t), S' = α_t S_{t−1}, S_t = S' + β_t φ(k_t)ᵀ (v_t − φ(k_t) S'), φ(x) = x / ‖x‖",
  spec: {
    rope: "window",
    window: { kind: "slide", size: 216, sinks: { tokens: 4, capped: true } },
    state: { per: "group", featureMap: { kind: "unit" }, decay: { kind: "step" }, write: { kind: "delta" } },
    mix: { kind: "added" },
  },
};
