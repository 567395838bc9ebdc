/** GPT-BigCode, as SantaCoder and StarCoder are: GPT-2 with one head of keys for all queries (arXiv 2301.03988, 2305.06161). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { activation, configSchema, headsOf, ignored, size } from "../config.ts";
import { allBiases, decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { ggufTensors } from "../gguf.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const shape = {
  ...{ n_embd: size, n_layer: size, n_head: size, vocab_size: size, n_positions: size.default(1024) },
  n_inner: size.nullish(),
  activation_function: activation.default("geluTanh"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  multi_query: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
  add_cross_attention: z.literal(false).optional(),
  // Told by multi_query as well; how it is computed; and heads for other tasks.
  ...ignored(
    "num_key_value_heads attention_softmax_in_fp32 scale_attention_softmax_in_fp32 inference_runner max_batch_size",
    "max_sequence_length pad_key_length pre_allocate_kv_cache validate_runner_input summary_type summary_use_proj",
    "summary_activation summary_proj_to_labels summary_first_dropout",
  ),
};

const qkv = "attn.c_attn";

/** The family's description. */
const family: Family = {
  name: "gpt_bigcode",
  modelTypes: ["gpt_bigcode"],
  config: configSchema(shape, (c) => {
    const { headDim, ...heads } = headsOf(c.n_embd, c.n_head, c.multi_query ? 1 : c.n_head, undefined);
    return decoder(
      {
        ...{ family: "gpt_bigcode", ...heads, headDim, hiddenSize: c.n_embd, layers: c.n_layer },
        ...{ vocabularySize: c.vocab_size, context: c.n_positions },
        norm: { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: true },
      },
      {
        mlp: { size: c.n_inner ?? 4 * c.n_embd, gated: false, activation: c.activation_function },
        mixer: attention({ rotary: false, scale: c.scale_attn_weights ? undefined : 1 }),
        biases: allBiases,
      },
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
    // One group: queries, keys and values one below the other; as many as heads: in turns.
    turns: { queries: "groups", queriesBias: "groups" },
    redundant: [/\.attn\.(bias|masked_bias)$/],
  },
  gguf: {
    architecture: "starcoder",
    config: {
      ...{ n_embd: "embedding_length", n_inner: "feed_forward_length", n_layer: "block_count" },
      ...{ n_head: "attention.head_count", n_positions: "context_length" },
      ...{ layer_norm_epsilon: "attention.layer_norm_epsilon", num_key_value_heads: "attention.head_count_kv" },
    },
    implied: (_has, config) => ({ multi_query: config.num_key_value_heads === 1 }),
    tensors: ggufTensors(),
  },
};

export default family;
