/** OLMo 2: Llama with norms of what sublayers add, and of all queries and keys side by side (arXiv 2501.00656). */
import { z } from "zod";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { sandwiched } from "../gemma-like.ts";
import { ggufConfig, ggufTensors, hasAttentionBias } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  rms_norm_eps: z.number().positive().default(1e-5),
  attention_bias: z.boolean().default(false),
};

/** The family's description. */
const family: Family = {
  name: "olmo2",
  modelTypes: ["olmo2"],
  config: configSchema(shape, (c) =>
    llamaLike("olmo2", c, {
      norms: ["output"],
      headNorms: "whole",
      biases: attentionBiases(c.attention_bias),
    }),
  ),
  tensors: llamaTensors(sandwiched),
  gguf: {
    architecture: "olmo2",
    config: ggufConfig,
    implied: (has) => ({ attention_bias: hasAttentionBias(has) }),
    tensors: ggufTensors(),
  },
};

export default family;
