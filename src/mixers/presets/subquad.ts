/** subquad: a rotated window in 8 bits that retains the salient of what leaves it, beside one gated delta state per group. */
import type { Preset } from "../preset.ts";

/**
 * Exact softmax over the first tokens, the newest and, of those between, the ones worth most to each group of heads; what all
 * tokens leave in the state comes on top, by a learned weight of each head. The sizes are those that make a layer's memory, at
 * three groups of 64 dimensions, the bytes of LoLCATs' with a window of 64.
 */
export const subquad: Preset = {
  name: "subquad",
  title: "Window that retains salient tokens, beside a shared gated delta state",
  paper: "arXiv 2412.06464",
  equation:
    "o_t = softmax(q_t K_tᵀ) V_t + c S_t φ(q_t), K_t = first ∪ newest ∪ top_{s < t − w} salience(k_s), S' = α_t S_{t−1}, S_t = S' + β_t φ(k_t)ᵀ (v_t − φ(k_t) S'), φ(x) = x / ‖x‖",
  spec: {
    rope: "window",
    window: { kind: "salient", size: 384, block: 64, tokens: 364, store: "int8", sinks: { tokens: 4, capped: true } },
    state: { per: "group", featureMap: { kind: "unit" }, decay: { kind: "step" }, write: { kind: "delta" } },
    mix: { kind: "added" },
  },
};
