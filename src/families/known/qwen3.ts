/** Qwen 3: Llama with a norm on each head's queries and keys (arXiv 2505.09388). */
import { z } from "zod";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors, hasAttentionBias } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";
import { layerWindows, windowShape } from "../windows.ts";

const shape = { ...llamaShape, ...windowShape, attention_bias: z.boolean().default(false) };

/** The family's description. */
const family: Family = {
  name: "qwen3",
  modelTypes: ["qwen3"],
  config: configSchema(shape, (c) =>
    llamaLike(
      "qwen3",
      { ...c, head_dim: c.head_dim ?? 128 },
      layerWindows(c, { headNorms: "head", biases: attentionBiases(c.attention_bias) }),
    ),
  ),
  tensors: llamaTensors(),
  gguf: {
    architecture: "qwen3",
    config: ggufConfig,
    implied: (has) => ({ attention_bias: hasAttentionBias(has) }),
    tensors: ggufTensors(),
  },
};

export default family;
