/** What Cohere's families share: attention and MLP behind one LayerNorm without bias, scaled logits, rotary pairs side by side. */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import type { Block } from "./block.ts";
import { ignored, size } from "./config.ts";
import type { TensorNames } from "./family.ts";
import { ggufSizes, ggufTensors } from "./gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "./llama-like.ts";

const { rms_norm_eps: _rms, ...shared } = llamaShape;

/** Keys of a configuration, to be spread into a family's shape. */
export const cohereShape = {
  ...shared,
  max_position_embeddings: size.default(8192),
  layer_norm_eps: z.number().positive().default(1e-5),
  logit_scale: z.number().default(0.0625),
  attention_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
  // Said of the published models, whose code is of these alone.
  use_parallel_block: z.literal(true).optional(),
  use_gated_activation: z.literal(true).optional(),
  use_parallel_embedding: z.literal(true).optional(),
  use_embedding_sharing: z.literal(true).optional(),
  ...ignored("model_max_length"),
};

/** A configuration with these keys. */
export type CohereConfig = z.output<z.ZodObject<typeof cohereShape>>;

/** The architecture of a configuration, but for what is said of blocks and ends. */
export function cohereLike(
  family: string,
  c: CohereConfig,
  block: (layer: number) => Partial<Block>,
  ends: Partial<Architecture> = {},
): Architecture {
  const norm = { kind: "layer", epsilon: c.layer_norm_eps, offset: 0, bias: false } as const;
  return llamaLike(
    family,
    { ...c, rms_norm_eps: c.layer_norm_eps },
    (layer) => ({ norm, residual: "shared", biases: attentionBiases(c.attention_bias), ...block(layer) }),
    { norm, head: { scale: c.logit_scale, bias: false }, ...ends },
  );
}

/** Tensor names of checkpoints. */
export const cohereTensors: TensorNames = { ...llamaTensors(), rotary: "adjacent" };

/** How GGUF files spell the keys. */
export const cohereGguf = {
  config: {
    ...{ ...ggufSizes, head_dim: "attention.key_length", layer_norm_eps: "attention.layer_norm_epsilon" },
    logit_scale: "logit_scale",
  },
  tensors: ggufTensors({}, { rotary: "adjacent" }),
} as const;
