/** RoBERTa, XLM-R and CamemBERT: BERT whose positions are counted behind the number of the padding token (arXiv 1907.11692). */
import { z } from "zod";
import { bertLike, bertModules, bertShape, olderNorms } from "../bert-like.ts";
import { configSchema, ignored } from "../config.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";

const shape = { ...bertShape, pad_token_id: z.number().int().nonnegative().default(1), ...ignored("output_past") };

/** The family's description. */
const family: Family = {
  name: "roberta",
  modelTypes: ["roberta", "xlm-roberta", "camembert"],
  config: configSchema(shape, (c) =>
    bertLike("roberta", c, { firstPosition: c.pad_token_id + 1, headActivation: "gelu" }),
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
    // The copy of the head's bias, positions as numbers, and a head for other tasks.
    older: olderNorms,
    redundant: [/^lm_head\.decoder\.bias$/, /\.position_ids$/, /^roberta\.pooler\./],
  },
};

export default family;
