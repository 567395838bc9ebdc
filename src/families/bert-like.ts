/** What BERT and its kin share: blocks that read both ways, with norms behind their sublayers and biases everywhere (arXiv 1810.04805). */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import { attention } from "./attention.ts";
import type { ActivationName } from "./block.ts";
import { activation, headsOf, size } from "./config.ts";
import { allBiases, decoder } from "./decoder.ts";
import { stillRope } from "./rope/rope.ts";

/** Keys of a configuration, to be spread into a family's shape. */
export const bertShape = {
  ...{ hidden_size: size, intermediate_size: size, num_hidden_layers: size, num_attention_heads: size },
  ...{ vocab_size: size, max_position_embeddings: size.default(512), type_vocab_size: size.default(2) },
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: activation.default("gelu"),
  tie_word_embeddings: z.boolean().default(true),
  position_embedding_type: z.literal("absolute").optional(),
  is_decoder: z.literal(false).optional(),
  add_cross_attention: z.literal(false).optional(),
};

/** A configuration with these keys; without segments where their number is undefined. */
export type BertConfig = Pick<
  z.output<z.ZodObject<typeof bertShape>>,
  | ("hidden_size" | "intermediate_size" | "num_hidden_layers" | "num_attention_heads" | "vocab_size")
  | ("max_position_embeddings" | "layer_norm_eps" | "hidden_act" | "tie_word_embeddings")
> & { readonly type_vocab_size?: number };

/** What encoders differ in. */
export interface BertChoices {
  /** The row of positions of a sequence's first token (default: the first). */
  readonly firstPosition?: number;
  /** Between the head's dense layer and its norm (default: as in blocks). */
  readonly headActivation?: ActivationName;
}

/** An encoder's architecture. Throws a ConfigProblem for one that cannot be. */
export function bertLike(
  family: string,
  c: BertConfig,
  { firstPosition = 0, headActivation = c.hidden_act }: BertChoices = {},
): Architecture {
  const heads = headsOf(c.hidden_size, c.num_attention_heads, undefined, undefined);
  const norm = { kind: "layer", epsilon: c.layer_norm_eps, offset: 0, bias: true } as const;
  const { norm: _none, ...architecture } = decoder(
    {
      ...{ family, ...heads, hiddenSize: c.hidden_size, layers: c.num_hidden_layers, vocabularySize: c.vocab_size },
      ...{ context: c.max_position_embeddings - firstPosition, norm },
    },
    {
      mlp: { size: c.intermediate_size, gated: false, activation: c.hidden_act },
      mixer: attention({ causal: false, rotary: false }),
      norms: ["stream"],
      biases: allBiases,
    },
    {
      ropes: [stillRope(heads.headDim)],
      tiedHead: c.tie_word_embeddings,
      embedding: {
        scale: 1,
        positions: { count: c.max_position_embeddings, offset: firstPosition },
        ...(c.type_vocab_size !== undefined && { segments: c.type_vocab_size }),
        norm,
      },
      head: { scale: 1, bias: true, transform: { activation: headActivation, norm } },
    },
  );
  return architecture;
}

/** What older checkpoints call the scales and biases of norms. */
export const olderNorms = { "LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta" } as const;

/** Modules of a block, as BERT's checkpoints call them. */
export const bertModules = {
  ...{ queries: "attention.self.query", keys: "attention.self.key", values: "attention.self.value" },
  ...{ output: "attention.output.dense", attentionStreamNorm: "attention.output.LayerNorm" },
  ...{ up: "intermediate.dense", down: "output.dense", mlpStreamNorm: "output.LayerNorm" },
} as const;
