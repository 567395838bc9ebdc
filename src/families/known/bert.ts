/** BERT: an encoder that reads both ways, with norms behind its sublayers and segments (arXiv 1810.04805). */
import { z } from "zod";
import { bertLike, bertModules, olderNorms } from "../bert-like.ts";
import { activation, configSchema, size } from "../config.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";

const shape = {
  ...{ hidden_size: size, intermediate_size: size, num_hidden_layers: size, num_attention_heads: size },
  ...{ vocab_size: size, max_position_embeddings: size.default(512), type_vocab_size: size.default(2) },
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: activation.default("gelu"),
  tie_word_embeddings: z.boolean().default(true),
  position_embedding_type: z.literal("absolute").optional(),
  is_decoder: z.literal(false).optional(),
  add_cross_attention: z.literal(false).optional(),
};

/** The family's description. */
const family: Family = {
  name: "bert",
  modelTypes: ["bert"],
  config: configSchema(shape, (c) =>
    bertLike({
      ...{ family: "bert", hiddenSize: c.hidden_size, layers: c.num_hidden_layers, heads: c.num_attention_heads },
      ...{ vocabularySize: c.vocab_size, tiedHead: c.tie_word_embeddings, epsilon: c.layer_norm_eps },
      mlp: { size: c.intermediate_size, activation: c.hidden_act },
      positions: { count: c.max_position_embeddings, offset: 0 },
      segments: c.type_vocab_size,
      headActivation: c.hidden_act,
    }),
  ),
  tensors: {
    model: {
      ...modelNames({
        ...{ embedding: "bert.embeddings.word_embeddings", positions: "bert.embeddings.position_embeddings" },
        ...{ segments: "bert.embeddings.token_type_embeddings", embeddingNorm: "bert.embeddings.LayerNorm" },
        ...{ transform: "cls.predictions.transform.dense", transformNorm: "cls.predictions.transform.LayerNorm" },
        head: "cls.predictions.decoder",
      }),
      headBias: "cls.predictions.bias",
    },
    layer: layerNames("bert.encoder.layer.{layer}.", bertModules),
    older: olderNorms,
    // The copy of a tied head's bias, positions as numbers, and heads for other tasks.
    redundant: [/^cls\.predictions\.decoder\.bias$/, /\.position_ids$/, /^bert\.pooler\./, /^cls\.seq_relationship\./],
  },
};

export default family;
