/** BLOOM: slopes for positions, a norm of the embedding, a projection fused head by head (arXiv 2211.05100). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { ConfigProblem, configSchema, headsOf, ignored, size } from "../config.ts";
import { allBiases, decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { ggufTensors } from "../gguf.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const maybe = size.nullish();

const shape = {
  // Two names each, in published configurations.
  ...{ hidden_size: maybe, n_embed: maybe, n_layer: maybe, num_hidden_layers: maybe, n_head: maybe },
  ...{ num_attention_heads: maybe, vocab_size: size, n_inner: maybe, seq_length: size.default(2048) },
  ...{ layer_norm_epsilon: z.number().positive().default(1e-5), tie_word_embeddings: z.boolean().default(true) },
  apply_residual_connection_post_layernorm: z.literal(false).optional(),
  // How it was computed, and by which code it was trained.
  ...ignored(
    "slow_but_exact attention_softmax_in_fp32 bias_dropout_fusion masked_softmax_fusion offset_alibi",
    "skip_bias_add skip_bias_add_qkv",
  ),
};

const qkv = "self_attention.query_key_value";

/** The family's description. */
const family: Family = {
  name: "bloom",
  modelTypes: ["bloom"],
  config: configSchema(shape, (c) => {
    const [hiddenSize, layers] = [c.n_embed ?? c.hidden_size, c.n_layer ?? c.num_hidden_layers];
    const count = c.n_head ?? c.num_attention_heads;
    if (!hiddenSize || !layers || !count) throw new ConfigProblem("hidden_size, n_layer and n_head must be given");
    const { headDim, ...heads } = headsOf(hiddenSize, count, undefined, undefined);
    const norm = { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: true } as const;
    return decoder(
      {
        ...{ family: "bloom", ...heads, headDim, hiddenSize, layers, norm },
        ...{ vocabularySize: c.vocab_size, context: c.seq_length },
      },
      {
        mlp: { size: c.n_inner ?? 4 * hiddenSize, gated: false, activation: "geluTanh" },
        mixer: attention({ rotary: false, alibi: 1 }),
        biases: allBiases,
      },
      { ropes: [stillRope(headDim)], tiedHead: c.tie_word_embeddings, embedding: { scale: 1, norm } },
    );
  }),
  tensors: {
    model: modelNames({
      ...{ embedding: "transformer.word_embeddings", embeddingNorm: "transformer.word_embeddings_layernorm" },
      ...{ finalNorm: "transformer.ln_f", head: "lm_head" },
    }),
    layer: layerNames("transformer.h.{layer}.", {
      ...{ attentionNorm: "input_layernorm", mlpNorm: "post_attention_layernorm" },
      ...{ queries: qkv, keys: qkv, values: qkv, output: "self_attention.dense" },
      ...{ up: "mlp.dense_h_to_4h", down: "mlp.dense_4h_to_h" },
    }),
    turns: { queries: "heads", queriesBias: "heads" },
    prefix: "transformer.",
    redundant: [],
  },
  // Fused parts are whole there.
  gguf: {
    architecture: "bloom",
    config: {
      ...{ hidden_size: "embedding_length", n_inner: "feed_forward_length", n_layer: "block_count" },
      ...{ n_head: "attention.head_count", seq_length: "context_length" },
      layer_norm_epsilon: "attention.layer_norm_epsilon",
    },
    tensors: ggufTensors(),
  },
};

export default family;
