/** GPT-2: learned positions, LayerNorm, one fused projection, matrices stored the other way round. */
import { z } from "zod";
import { attention } from "../attention.ts";
import { activation, ConfigProblem, configSchema, headsOf, ignored, size } from "../config.ts";
import { allBiases, decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { ggufTensors } from "../gguf.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const shape = {
  ...{ n_embd: size, n_layer: size, n_head: size, vocab_size: size, n_positions: size.default(1024) },
  n_inner: size.nullish(),
  n_ctx: size.nullish(),
  activation_function: activation.default("geluTanh"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
  add_cross_attention: z.literal(false).optional(),
  // Precision of training, and heads for other tasks.
  ...ignored(
    "reorder_and_upcast_attn summary_type summary_use_proj summary_activation summary_proj_to_labels",
    "summary_first_dropout task_specific_params",
  ),
};

const qkv = "attn.c_attn";

/** The family's description. */
const family: Family = {
  name: "gpt2",
  modelTypes: ["gpt2"],
  config: configSchema(shape, (c) => {
    const { headDim, ...heads } = headsOf(c.n_embd, c.n_head, undefined, undefined);
    if (headDim % 2 !== 0) throw new ConfigProblem(`heads of ${headDim} dimensions: an even number is needed`);
    const norm = { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: true } as const;
    const scaleOf = (layer: number) =>
      (c.scale_attn_weights ? headDim ** -0.5 : 1) / (c.scale_attn_by_inverse_layer_idx ? layer + 1 : 1);
    return decoder(
      {
        ...{ family: "gpt2", ...heads, headDim, hiddenSize: c.n_embd, layers: c.n_layer },
        ...{ vocabularySize: c.vocab_size, context: c.n_positions, norm },
      },
      (layer) => ({
        mlp: { size: c.n_inner ?? 4 * c.n_embd, gated: false, activation: c.activation_function },
        mixer: attention({ rotary: false, scale: scaleOf(layer) }),
        biases: allBiases,
      }),
      {
        ropes: [stillRope(headDim)],
        tiedHead: c.tie_word_embeddings,
        embedding: { scale: 1, positions: { count: c.n_positions, offset: 0 } },
      },
    );
  }),
  tensors: {
    model: modelNames({
      ...{ embedding: "transformer.wte", positions: "transformer.wpe", finalNorm: "transformer.ln_f", head: "lm_head" },
    }),
    layer: layerNames("transformer.h.{layer}.", {
      ...{ attentionNorm: "ln_1", queries: qkv, keys: qkv, values: qkv, output: "attn.c_proj" },
      ...{ mlpNorm: "ln_2", up: "mlp.c_fc", down: "mlp.c_proj" },
    }),
    prefix: "transformer.",
    transposed: true,
    redundant: [/(^|\.)attn\.(bias|masked_bias)$/],
  },
  gguf: {
    architecture: "gpt2",
    config: {
      ...{ n_embd: "embedding_length", n_inner: "feed_forward_length", n_layer: "block_count" },
      ...{ n_head: "attention.head_count", n_positions: "context_length" },
      layer_norm_epsilon: "attention.layer_norm_epsilon",
    },
    tensors: ggufTensors(),
  },
};

export default family;
