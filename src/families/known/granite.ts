/** Granite: Llama with factors of embedding, scores, residuals and logits (IBM, 2024). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors, impliedBiases } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const factor = z.number().default(1);

const shape = {
  ...llamaShape,
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  ...{
    embedding_multiplier: factor,
    logits_scaling: factor,
    residual_multiplier: factor,
    attention_multiplier: factor,
  },
};

/** The family's description. */
const family: Family = {
  name: "granite",
  modelTypes: ["granite"],
  config: configSchema(shape, (c) =>
    llamaLike(
      "granite",
      c,
      {
        biases: attentionBiases(c.attention_bias, c.mlp_bias),
        mixer: attention({ scale: c.attention_multiplier }),
        factors: { output: c.residual_multiplier, down: c.residual_multiplier },
      },
      { embedding: { scale: c.embedding_multiplier }, head: { scale: 1 / c.logits_scaling, bias: false } },
    ),
  ),
  tensors: llamaTensors(),
  gguf: {
    architecture: "granite",
    config: {
      ...ggufConfig,
      ...{ embedding_multiplier: "embedding_scale", logits_scaling: "logit_scale" },
      ...{ residual_multiplier: "residual_scale", attention_multiplier: "attention.scale" },
    },
    // Files leave out a scale that is not set.
    implied: (has, config) => ({
      ...impliedBiases(has),
      attention_multiplier: config.attention_multiplier || Number(config.head_dim) ** -0.5,
    }),
    tensors: ggufTensors({}, { rotary: "adjacent" }),
  },
};

export default family;
