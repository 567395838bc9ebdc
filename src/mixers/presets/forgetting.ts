/** Forgetting attention: softmax whose scores fade with the tokens in between. */
import type { Preset } from "../preset.ts";
import { givenDecay } from "./common.ts";

/** One data-dependent forget gate per head, no positions. */
export const forgetting: Preset = {
  name: "forgetting",
  title: "Forgetting Transformer",
  paper: "arXiv 2503.02130",
  equation: "o_t = Σ_{j≤t} softmax_j(q_t·k_j / √d + Σ_{j<i≤t} log f_i) v_j, f_i = σ(x_i w + b)",
  spec: { rope: "none", window: { kind: "full", decay: { kind: "sigmoid", per: "head", bias: 0 } } },
  oracles: [
    {
      function: "forgetting_attn.naive.naive_forgetting_attn",
      spec: { window: { decay: givenDecay("head") } },
      tensors: { queries: "q:BHTK", keys: "k:BHTK", values: "v:BHTK", "stream.window.decay": "g:BHTI" },
    },
  ],
};
