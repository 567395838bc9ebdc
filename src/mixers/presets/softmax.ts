/** Causal softmax attention, the teacher's own mixer. */
import type { Preset } from "../preset.ts";

/** Every earlier key, weighed exactly. */
export const softmax: Preset = {
  name: "softmax",
  title: "Softmax attention",
  paper: "arXiv 1706.03762",
  equation: "o_t = Σ_{j≤t} softmax_j(q_t·k_j / √d) v_j",
  spec: { window: { kind: "full" } },
  oracles: [
    {
      function: "gpt2.modeling_gpt2.eager_attention_forward",
      tensors: { queries: "query:BHTK", keys: "key:BHTK", values: "value:BHTV" },
      output: "BTHV",
    },
  ],
};
