/** PaTH: softmax attention whose positions are accumulated reflections. */
import type { Preset } from "../preset.ts";
import { givenDecay } from "./common.ts";

const given = { source: "given" } as const;

/** Every query still reads every key: a cache of keys, which each token reflects. */
export const pathAttention: Preset = {
  name: "path",
  title: "PaTH attention",
  paper: "arXiv 2505.16381",
  equation: "o_t = Σ_{s≤t} softmax_s(s q_t H_t ⋯ H_{s+1} k_sᵀ + G_t − G_s) v_s, H_r = I − β_r w_rᵀ w_r",
  spec: {
    rope: "none",
    state: {
      scale: "dim",
      decay: { kind: "sigmoid", per: "head", bias: 4 },
      write: { kind: "reflections" },
    },
  },
  oracles: [
    {
      function: "path_attn.naive.naive_path_attn",
      spec: {
        state: {
          decay: { ...givenDecay("head"), bias: null },
          write: { reflection: given, strength: given, scaledDecay: true },
        },
      },
      tensors: {
        queries: "q:BHTK",
        keys: "k:BHTK",
        values: "v:BHTK",
        "stream.reflection": "w:BHTK",
        "stream.strength": "beta:BHTI",
        "stream.decay": "g:BHTI",
      },
    },
  ],
};
