/** ERNIE 4.5 without experts: Llama with rotary pairs side by side and a tied head (Baidu, 2025). */
import { z } from "zod";
import { configSchema, size } from "../config.ts";
import { allBiases } from "../decoder.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors, hasAttentionBias } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  max_position_embeddings: size.default(131_072),
  head_dim: size.nullable().default(128),
  rms_norm_eps: z.number().positive().default(1e-5),
  rope_theta: z.number().positive().nullable().default(5e5),
  tie_word_embeddings: z.boolean().default(true),
  use_bias: z.boolean().default(false),
  compression_ratio: z.literal(1).optional(),
};

/** The family's description. */
const family: Family = {
  name: "ernie4_5",
  modelTypes: ["ernie4_5"],
  config: configSchema(shape, (c) =>
    llamaLike("ernie4_5", c, { biases: c.use_bias ? allBiases : attentionBiases(false) }),
  ),
  tensors: { ...llamaTensors(), rotary: "adjacent" },
  gguf: {
    architecture: "ernie4_5",
    config: ggufConfig,
    implied: (has) => ({ use_bias: hasAttentionBias(has) }),
    tensors: ggufTensors({}, { rotary: "adjacent" }),
  },
};

export default family;
