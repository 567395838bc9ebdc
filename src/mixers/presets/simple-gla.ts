/** Gated linear attention with a decay per head. */
import type { Preset } from "../preset.ts";
import { bare, final, givenDecay, initial, qkv } from "./common.ts";

/** One gate per head. */
export const simpleGla: Preset = {
  name: "simple-gla",
  title: "Simple gated linear attention",
  paper: "arXiv 2312.06635",
  equation: "S_t = α_t S_{t−1} + k_tᵀ v_t, α_t = σ(x_t w + b)^{1/16}, o_t = s q_t S_t",
  spec: {
    rope: "none",
    state: { scale: "dim", decay: { kind: "sigmoid", per: "head", divisor: 16, bias: 0 } },
    outputNorm: { kind: "rms" },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "simple_gla.naive.naive_recurrent_simple_gla",
      spec: { ...bare, state: { decay: givenDecay("head") } },
      tensors: { ...qkv, ...initial, "stream.decay": "g:BHTI" },
      states: final,
    },
  ],
};
