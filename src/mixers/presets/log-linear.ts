/** Log-linear attention: a state for every power of two tokens back. */
import type { Preset } from "../preset.ts";
import { bare, filtered, givenDecay, qkv } from "./common.ts";

/** One decay per head, a weight per level. */
export const logLinear: Preset = {
  name: "log-linear",
  title: "Log-linear attention",
  paper: "arXiv 2506.04761",
  equation: "o_t = Σ_l λ_tl q_t S_tl, S_tl = Σ_s e^{G_t − G_s} k_sᵀ v_s over the s whose t xor s has l binary digits",
  spec: {
    ...filtered,
    state: { decay: { kind: "step" }, write: { kind: "levels" } },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "log_linear_attn.naive.naive_log_linear_attn",
      spec: { ...bare, state: { decay: givenDecay("head"), write: { count: 8, weights: { source: "given" } } } },
      tensors: { ...qkv, "stream.levels": "level_scales:BHTL", "stream.decay": "g:BHTI" },
    },
  ],
};
