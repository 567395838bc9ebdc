/** BERT: an encoder that reads both ways, with norms behind its sublayers and segments (arXiv 1810.04805). */
import { bertLike, bertModules, bertShape, olderNorms } from "../bert-like.ts";
import { configSchema, ignored } from "../config.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";

// Heads for other tasks.
const poolerShape = ignored(
  "directionality pooler_fc_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type",
);

/** The family's description. */
const family: Family = {
  name: "bert",
  modelTypes: ["bert"],
  config: configSchema({ ...bertShape, ...poolerShape }, (c) => bertLike("bert", c)),
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
