/** What GPT-2 and its kin share: keys of configurations, LayerNorm with biases, a plain MLP four times as wide as the stream. */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import { activation, headsOf, ignored, ropeOf, size } from "./config.ts";
import { allBiases, type BlockChoices, decoder } from "./decoder.ts";
import { modelNames } from "./names.ts";
import { stillRope } from "./rope/rope.ts";

/** Keys of a configuration, to be spread into a family's shape. */
export const gptShape = {
  ...{ n_embd: size, n_layer: size, n_head: size, vocab_size: size, n_positions: size.default(1024) },
  n_inner: size.nullish(),
  activation_function: activation.default("geluTanh"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(true),
  add_cross_attention: z.literal(false).optional(),
  // Implied by n_positions; heads for other tasks.
  ...ignored("n_ctx summary_type summary_use_proj summary_activation summary_proj_to_labels summary_first_dropout"),
};

/** A configuration with these keys. */
export type GptConfig = z.output<z.ZodObject<typeof gptShape>>;

/** Sizes of a configuration's heads. Throws a ConfigProblem where they do not divide the stream. */
export const gptHeads = (c: GptConfig, groups?: number) => headsOf(c.n_embd, c.n_head, groups, undefined);

/** The architecture of a configuration but for its positions. Throws a ConfigProblem for one that cannot be. */
export function gptLike(
  family: string,
  c: GptConfig,
  heads: ReturnType<typeof headsOf>,
  block: (layer: number) => BlockChoices,
  ends: Partial<Architecture> & Pick<Architecture, "ropes">,
): Architecture {
  const mlp = { size: c.n_inner ?? 4 * c.n_embd, gated: false, activation: c.activation_function };
  return decoder(
    {
      ...{ family, ...heads, hiddenSize: c.n_embd, layers: c.n_layer },
      ...{ vocabularySize: c.vocab_size, context: c.n_positions },
      norm: { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: true },
    },
    (layer) => ({ mlp, biases: allBiases, ...block(layer) }),
    { tiedHead: c.tie_word_embeddings, ...ends },
  );
}

/** Ends with learned positions. */
export const learnedPositions = (c: GptConfig, headDim: number) => ({
  ropes: [stillRope(headDim)],
  embedding: { scale: 1, positions: { count: c.n_positions, offset: 0 } },
});

/** Keys of GPT-J and CodeGen, which turn the first dimensions of each head. */
export const rotaryShape = {
  ...gptShape,
  rotary_dim: size.default(64),
  tie_word_embeddings: z.boolean().default(false),
};

/** GPT-J's architecture: both sublayers behind one norm, biases in the MLP and the head alone. */
export function gptjLike(family: string, c: z.output<z.ZodObject<typeof rotaryShape>>): Architecture {
  const heads = gptHeads(c);
  const { headDim } = heads;
  const rope = ropeOf({ partial_rotary_factor: c.rotary_dim / headDim }, { headDim, context: c.n_positions });
  const biases = { qkv: false, output: false, mlp: true };
  return gptLike(family, c, heads, () => ({ residual: "shared", biases }), {
    ropes: [rope],
    head: { scale: 1, bias: true },
  });
}

/** Modules outside the blocks, as checkpoints call them. */
export const gptEnds = modelNames({
  ...{ embedding: "transformer.wte", positions: "transformer.wpe", finalNorm: "transformer.ln_f", head: "lm_head" },
});
