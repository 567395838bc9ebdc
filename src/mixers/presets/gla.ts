/** Gated linear attention with a decay per channel. */
import type { Preset } from "../preset.ts";
import { bare, final, givenDecay, initial, qkv } from "./common.ts";

/** A low-rank gate per channel. */
export const gla: Preset = {
  name: "gla",
  title: "Gated linear attention",
  paper: "arXiv 2312.06635",
  equation: "S_t = diag(α_t) S_{t−1} + k_tᵀ v_t, α_t = σ(x_t W₁ W₂ + b)^{1/16}, o_t = s q_t S_t",
  spec: {
    rope: "none",
    state: { scale: "dim", decay: { kind: "sigmoid", per: "feature", rank: 16, divisor: 16, bias: 0 } },
    outputNorm: { kind: "rms" },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "gla.naive.naive_recurrent_gla",
      spec: { ...bare, state: { decay: givenDecay("feature") } },
      tensors: { ...qkv, ...initial, "stream.decay": "gk:BHTK" },
      states: final,
    },
  ],
};
