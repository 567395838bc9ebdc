/** MPT: slopes for positions, LayerNorm, no biases at all (MosaicML, 2023; arXiv 2108.12409). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema, headsOf, ignored, size } from "../config.ts";
import { decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { ggufTensors } from "../gguf.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const qkv = "attn.Wqkv";
const [unused, no] = [z.unknown().optional(), z.literal(false).optional()];

/** What all published code and the one of transformers agree on. */
const attentionShape = z.looseObject({
  ...{ alibi: z.literal(true).default(true), alibi_bias_max: z.literal(8).default(8), clip_qkv: z.null().optional() },
  ...{ qk_ln: no, prefix_lm: no, attn_uses_sequence_id: no },
  attn_type: z.literal("multihead_attention").optional(),
  softmax_scale: z.number().positive().nullish(),
  ...{ attn_impl: unused, attn_pdrop: unused },
});

const shape = {
  ...{ d_model: size, n_heads: size, n_layers: size, vocab_size: size, max_seq_len: size.default(2048) },
  ...{ expansion_ratio: size.default(4), layer_norm_epsilon: z.number().positive().default(1e-5) },
  attn_config: attentionShape.nullish(),
  norm_type: z.literal(["low_precision_layernorm", "layernorm"]).optional(),
  ...{ logit_scale: z.null().optional(), embedding_fraction: z.literal(1).optional() },
  ...{ no_bias: z.literal(true).default(true), tie_word_embeddings: z.boolean().default(true) },
  // Positions are learned only where there are no slopes; the rest is of the first weights, of training or of the tokenizer.
  ...ignored(
    "learned_pos_emb init_config init_device emb_pdrop tokenizer_name verbose fc_type ffn_config param_init_fn",
  ),
};

/** The family's description. */
const family: Family = {
  name: "mpt",
  modelTypes: ["mpt"],
  config: configSchema(shape, (c) => {
    const heads = headsOf(c.d_model, c.n_heads, undefined, undefined);
    return decoder(
      {
        ...{ family: "mpt", ...heads, hiddenSize: c.d_model, layers: c.n_layers },
        ...{ vocabularySize: c.vocab_size, context: c.max_seq_len },
        norm: { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: false },
      },
      {
        mlp: { size: c.expansion_ratio * c.d_model, gated: false, activation: "gelu" },
        mixer: attention({ rotary: false, alibi: 1, scale: c.attn_config?.softmax_scale ?? undefined }),
      },
      { ropes: [stillRope(heads.headDim)], tiedHead: c.tie_word_embeddings },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "transformer.wte", finalNorm: "transformer.norm_f", head: "lm_head" }),
    layer: layerNames("transformer.blocks.{layer}.", {
      ...{ attentionNorm: "norm_1", queries: qkv, keys: qkv, values: qkv, output: "attn.out_proj" },
      ...{ mlpNorm: "norm_2", up: "ffn.up_proj", down: "ffn.down_proj" },
    }),
    redundant: [],
  },
  gguf: {
    architecture: "mpt",
    config: {
      ...{ d_model: "embedding_length", n_layers: "block_count", n_heads: "attention.head_count" },
      ...{ max_seq_len: "context_length", layer_norm_epsilon: "attention.layer_norm_epsilon" },
      ...{ ffn: "feed_forward_length", alibi_bias_max: "attention.max_alibi_bias" },
    },
    // A greatest slope of zero stands for none.
    implied: (_has, { ffn, d_model, alibi_bias_max: most }) => ({
      ...{ ffn: null, alibi_bias_max: null, expansion_ratio: Number(ffn) / Number(d_model) },
      attn_config: { alibi: most !== 0, alibi_bias_max: most },
    }),
    tensors: ggufTensors(),
  },
};

export default family;
