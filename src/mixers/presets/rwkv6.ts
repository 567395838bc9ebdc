/** RWKV-6: the state is read before a token enters it, and the token counts by a bonus. */
import type { Preset } from "../preset.ts";
import { bare, final, givenDecay, initial, qkv } from "./common.ts";

/** Queries are r; token shift is left to the block. */
export const rwkv6: Preset = {
  name: "rwkv6",
  title: "RWKV-6",
  paper: "arXiv 2404.05892",
  equation: "o_t = r_t (S_{t−1} + diag(u) k_tᵀ v_t), S_t = diag(e^{−e^{w_t}}) S_{t−1} + k_tᵀ v_t",
  spec: {
    rope: "none",
    state: {
      decay: { kind: "exponential", per: "feature", rank: 64 },
      read: { kind: "before" },
      skip: { kind: "bonus" },
    },
    outputNorm: { kind: "group", affine: true },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "rwkv6.recurrent_naive.naive_recurrent_rwkv6",
      spec: { ...bare, state: { decay: { ...givenDecay("feature"), bias: null } } },
      tensors: { ...qkv, ...initial, "stream.decay": "w:BHTK", skip: "u:HK" },
      states: final,
    },
  ],
};
