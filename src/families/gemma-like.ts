/** What the Gemma families share: norms that add one to their scale, and an embedding times √hidden (arXiv 2403.08295). */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import type { Block } from "./block.ts";
import { activation, size } from "./config.ts";
import { type LlamaConfig, llamaLike, llamaShape } from "./llama-like.ts";
import { windowShape } from "./windows.ts";

/** Keys of a configuration, to be spread into a family's shape. */
export const gemmaShape = {
  ...llamaShape,
  head_dim: size.default(256),
  max_position_embeddings: size.default(8192),
  tie_word_embeddings: z.boolean().default(true),
  use_bidirectional_attention: z.literal(false).nullish(),
};

const cap = z.number().positive().nullish();

/** The keys of Gemma 2 and 3: caps, scales and windows. */
export const cappedShape = {
  ...gemmaShape,
  hidden_activation: activation.default("geluTanh"),
  query_pre_attn_scalar: z.number().positive().default(256),
  attn_logit_softcapping: cap,
  final_logit_softcapping: cap,
  sliding_window: windowShape.sliding_window,
  layer_types: windowShape.layer_types,
  attention_bias: z.literal(false).optional(),
};

/** Llama's architecture with Gemma's norms and embedding. */
export function gemmaLike(
  family: string,
  c: LlamaConfig,
  block: (layer: number) => Partial<Block> = () => ({}),
  ends: Partial<Architecture> = {},
): Architecture {
  const norm = { kind: "rms", epsilon: c.rms_norm_eps, offset: 1, bias: false } as const;
  const embedding = { scale: Math.sqrt(c.hidden_size) };
  return llamaLike(family, c, (layer) => ({ norm, ...block(layer) }), { norm, embedding, ...ends });
}

/** The names of norms around both sublayers. */
export const sandwiched = {
  attentionOutputNorm: "post_attention_layernorm",
  mlpNorm: "pre_feedforward_layernorm",
  mlpOutputNorm: "post_feedforward_layernorm",
} as const;
