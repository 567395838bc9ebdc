/** RoBERTa, XLM-R and CamemBERT: BERT whose positions are counted behind the number of the padding token (arXiv 1907.11692). */
import { z } from "zod";
import { bertLike, bertModules, olderNorms } from "../bert-like.ts";
import { activation, configSchema, ignored, size } from "../config.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";

const shape = {
  ...{ hidden_size: size, intermediate_size: size, num_hidden_layers: size, num_attention_heads: size },
  ...{ vocab_size: size, max_position_embeddings: size.default(512), type_vocab_size: size.default(2) },
  pad_token_id: z.number().int().nonnegative().default(1),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: activation.default("gelu"),
  tie_word_embeddings: z.boolean().default(true),
  position_embedding_type: z.literal("absolute").optional(),
  is_decoder: z.literal(false).optional(),
  add_cross_attention: z.literal(false).optional(),
  ...ignored("output_past"),
};

/** The family's description. */
const family: Family = {
  name: "roberta",
  modelTypes: ["roberta", "xlm-roberta", "camembert"],
  config: configSchema(shape, (c) =>
    bertLike({
      ...{ family: "roberta", hiddenSize: c.hidden_size, layers: c.num_hidden_layers, heads: c.num_attention_heads },
      ...{ vocabularySize: c.vocab_size, tiedHead: c.tie_word_embeddings, epsilon: c.layer_norm_eps },
      mlp: { size: c.intermediate_size, activation: c.hidden_act },
      positions: { count: c.max_position_embeddings, offset: c.pad_token_id + 1 },
      segments: c.type_vocab_size,
      headActivation: "gelu",
    }),
  ),
  tensors: {
    model: {
      ...modelNames({
        ...{ embedding: "roberta.embeddings.word_embeddings", positions: "roberta.embeddings.position_embeddings" },
        ...{ segments: "roberta.embeddings.token_type_embeddings", embeddingNorm: "roberta.embeddings.LayerNorm" },
        ...{ transform: "lm_head.dense", transformNorm: "lm_head.layer_norm", head: "lm_head.decoder" },
      }),
      headBias: "lm_head.bias",
    },
    layer: layerNames("roberta.encoder.layer.{layer}.", bertModules),
    older: olderNorms,
    // The copy of the head's bias, positions as numbers, and a head for other tasks.
    redundant: [/^lm_head\.decoder\.bias$/, /\.position_ids$/, /^roberta\.pooler\./],
  },
};

export default family;
