/** Falcon: one key head or groups of them in a fused projection, parallel sublayers, rotary positions or slopes (arXiv 2311.16867). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { activation, configSchema, headsOf, ropeOf, ropeShape, size } from "../config.ts";
import { decoder } from "../decoder.ts";
import type { Family, HasTensor, LayerSpelling } from "../family.ts";
import { ggufSizes, ggufTensors } from "../gguf.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const shape = {
  ...{ hidden_size: size, num_hidden_layers: size, num_attention_heads: size, vocab_size: size },
  ...{ num_kv_heads: size.nullish(), ffn_hidden_size: size.nullish() },
  ...{ max_position_embeddings: size.default(2048), tie_word_embeddings: z.boolean().default(true) },
  ...{ layer_norm_epsilon: z.number().positive().default(1e-5), activation: activation.default("gelu") },
  ...{ alibi: z.boolean().default(false), bias: z.boolean().default(false), multi_query: z.boolean().default(true) },
  ...{ new_decoder_architecture: z.boolean().default(false), parallel_attn: z.boolean().default(true) },
  num_ln_in_parallel_attn: z.union([z.literal(1), z.literal(2)]).nullish(),
  ...{ apply_residual_connection_post_layernorm: z.literal(false).optional(), ...ropeShape },
};

const qkv = "self_attention.query_key_value";

/** The tensors of a block whose norms are called so. */
const spelling = (attentionNorm: string, mlpNorm: string): LayerSpelling => ({
  layer: layerNames("transformer.h.{layer}.", {
    ...{ attentionNorm, queries: qkv, keys: qkv, values: qkv, output: "self_attention.dense" },
    ...{ mlpNorm, up: "mlp.dense_h_to_4h", down: "mlp.dense_4h_to_h" },
  }),
  turns: { queries: "groups", queriesBias: "groups" },
});

const { intermediate_size: ffn_hidden_size, num_key_value_heads: num_kv_heads, ...sizes } = ggufSizes;
const hasOwnNorm = (has: HasTensor): boolean => has("blk.0.attn_norm_2.weight");

/** The family's description. */
const family: Family = {
  name: "falcon",
  modelTypes: ["falcon"],
  config: configSchema(shape, (c) => {
    const count = c.num_attention_heads;
    const groups = c.new_decoder_architecture ? (c.num_kv_heads ?? count) : c.multi_query ? 1 : count;
    const { headDim, ...heads } = headsOf(c.hidden_size, count, groups, undefined);
    const context = c.max_position_embeddings;
    // Checked where slopes take its place, too.
    const turning = ropeOf(c, { headDim, context });
    const norms = c.num_ln_in_parallel_attn ?? (c.new_decoder_architecture ? 2 : 1);
    const residual = c.parallel_attn ? (norms === 2 ? "parallel" : "shared") : "sequential";
    return decoder(
      {
        ...{ family: "falcon", ...heads, headDim, hiddenSize: c.hidden_size, layers: c.num_hidden_layers },
        ...{ vocabularySize: c.vocab_size, context },
        norm: { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: true },
      },
      {
        mlp: { size: c.ffn_hidden_size ?? 4 * c.hidden_size, gated: false, activation: c.activation },
        mixer: attention(c.alibi ? { rotary: false, alibi: headDim ** -0.5 } : {}),
        ...{ residual, kind: residual },
        biases: { qkv: c.bias, output: c.bias, mlp: c.bias },
      },
      { ropes: [c.alibi ? stillRope(headDim) : turning], tiedHead: c.tie_word_embeddings },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "transformer.word_embeddings", finalNorm: "transformer.ln_f", head: "lm_head" }),
    ...spelling("input_layernorm", "post_attention_layernorm"),
    kinds: { parallel: spelling("ln_attn", "ln_mlp") },
    redundant: [],
  },
  // Fused parts are whole there; a second norm, where there is one, is the attention's own.
  gguf: {
    architecture: "falcon",
    config: { ...sizes, ffn_hidden_size, num_kv_heads, layer_norm_epsilon: "attention.layer_norm_epsilon" },
    implied: (has) => ({ new_decoder_architecture: true, num_ln_in_parallel_attn: hasOwnNorm(has) ? 2 : 1 }),
    tensors: (has) => ggufTensors(hasOwnNorm(has) ? { attentionNorm: "attn_norm_2", mlpNorm: "attn_norm" } : {})(has),
  },
};

export default family;
