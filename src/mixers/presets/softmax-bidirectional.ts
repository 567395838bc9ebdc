/** Softmax attention that reads both ways: an encoder's mixer. */
import type { Preset } from "../preset.ts";

/** Every token, before and after. */
export const softmaxBidirectional: Preset = {
  name: "softmax-bidirectional",
  title: "Softmax attention, both ways",
  paper: "arXiv 1810.04805",
  equation: "o_t = Σ_j softmax_j(q_t·k_j / √d) v_j",
  spec: { causal: false, window: { kind: "full" } },
  oracles: [
    {
      function: "bert.modeling_bert.eager_attention_forward",
      tensors: { queries: "query:BHTK", keys: "key:BHTK", values: "value:BHTV" },
      output: "BTHV",
    },
  ],
};
