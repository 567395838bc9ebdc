/** Llama: the family that most others are a variation of (arXiv 2302.13971, 2307.09288, 2407.21783). */
import { z } from "zod";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors, impliedBiases } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  // Published for some models; rows of a checkpoint stand half a head apart.
  rope_interleaved: z.literal(false).optional(),
};

/** The family's description. */
const family: Family = {
  name: "llama",
  modelTypes: ["llama"],
  config: configSchema(shape, (c) => llamaLike("llama", c, { biases: attentionBiases(c.attention_bias, c.mlp_bias) })),
  tensors: llamaTensors(),
  gguf: {
    architecture: "llama",
    config: ggufConfig,
    implied: impliedBiases,
    tensors: ggufTensors({}, { rotary: "adjacent" }),
  },
};

export default family;
