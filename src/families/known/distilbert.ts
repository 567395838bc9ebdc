/** DistilBERT: BERT of half as many layers, without segments (arXiv 1910.01108). */
import { z } from "zod";
import { bertLike } from "../bert-like.ts";
import { activation, configSchema, ignored, size } from "../config.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";

const shape = {
  ...{ dim: size, hidden_dim: size, n_layers: size, n_heads: size, vocab_size: size },
  max_position_embeddings: size.default(512),
  activation: activation.default("gelu"),
  tie_word_embeddings: z.boolean().default(true),
  // Positions are stored whatever they were made of; the rest is of other tasks and of training.
  ...ignored("sinusoidal_pos_embds qa_dropout seq_classif_dropout tie_weights_ output_past"),
};

/** The family's description. */
const family: Family = {
  name: "distilbert",
  modelTypes: ["distilbert"],
  config: configSchema(shape, (c) =>
    bertLike("distilbert", {
      ...{ hidden_size: c.dim, intermediate_size: c.hidden_dim, num_hidden_layers: c.n_layers },
      ...{ num_attention_heads: c.n_heads, vocab_size: c.vocab_size, layer_norm_eps: 1e-12 },
      ...{ max_position_embeddings: c.max_position_embeddings, hidden_act: c.activation },
      tie_word_embeddings: c.tie_word_embeddings,
    }),
  ),
  tensors: {
    model: modelNames({
      embedding: "distilbert.embeddings.word_embeddings",
      positions: "distilbert.embeddings.position_embeddings",
      embeddingNorm: "distilbert.embeddings.LayerNorm",
      ...{ transform: "vocab_transform", transformNorm: "vocab_layer_norm", head: "vocab_projector" },
    }),
    layer: layerNames("distilbert.transformer.layer.{layer}.", {
      ...{
        queries: "attention.q_lin",
        keys: "attention.k_lin",
        values: "attention.v_lin",
        output: "attention.out_lin",
      },
      ...{ attentionStreamNorm: "sa_layer_norm", up: "ffn.lin1", down: "ffn.lin2", mlpStreamNorm: "output_layer_norm" },
    }),
    redundant: [/\.position_ids$/],
  },
};

export default family;
