/** BERT: an encoder that reads both ways, with norms behind its sublayers and segments (arXiv 1810.04805). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { activation, configSchema, headsOf, size } from "../config.ts";
import { allBiases, decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

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
  config: configSchema(shape, (c) => {
    const heads = headsOf(c.hidden_size, c.num_attention_heads, undefined, undefined);
    const context = c.max_position_embeddings;
    const norm = { kind: "layer", epsilon: c.layer_norm_eps, offset: 0, bias: true } as const;
    const { norm: _none, ...architecture } = decoder(
      {
        ...{ family: "bert", ...heads, hiddenSize: c.hidden_size, layers: c.num_hidden_layers },
        ...{ vocabularySize: c.vocab_size, context, norm },
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
        embedding: { scale: 1, positions: { count: context, offset: 0 }, segments: c.type_vocab_size, norm },
        head: { scale: 1, bias: true, transform: { activation: c.hidden_act, norm } },
      },
    );
    return architecture;
  }),
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
    layer: layerNames("bert.encoder.layer.{layer}.", {
      ...{ queries: "attention.self.query", keys: "attention.self.key", values: "attention.self.value" },
      ...{ output: "attention.output.dense", attentionStreamNorm: "attention.output.LayerNorm" },
      ...{ up: "intermediate.dense", down: "output.dense", mlpStreamNorm: "output.LayerNorm" },
    }),
    // The copy of a tied head's bias, positions as numbers, and heads for other tasks.
    redundant: [/^cls\.predictions\.decoder\.bias$/, /\.position_ids$/, /^bert\.pooler\./, /^cls\.seq_relationship\./],
  },
};

export default family;
