/** MPT: slopes for positions, LayerNorm, no biases at all (MosaicML, 2023; arXiv 2108.12409). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema, headsOf, ignored, size } from "../config.ts";
import { decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const unused = z.unknown().optional();

/** What all published code and the one of transformers agree on. */
const attentionShape = z.looseObject({
  ...{ alibi: z.literal(true).default(true), alibi_bias_max: z.literal(8).default(8), clip_qkv: z.null().optional() },
  ...{ qk_ln: z.literal(false).optional(), prefix_lm: z.literal(false).optional() },
  attn_type: z.literal("multihead_attention").optional(),
  attn_uses_sequence_id: z.literal(false).optional(),
  softmax_scale: z.number().positive().nullish(),
  ...{ attn_impl: unused, attn_pdrop: unused },
});

const shape = {
  ...{ d_model: size, n_heads: size, n_layers: size, vocab_size: size, max_seq_len: size.default(2048) },
  expansion_ratio: size.default(4),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  attn_config: attentionShape.nullish(),
  no_bias: z.literal(true).default(true),
  logit_scale: z.null().optional(),
  norm_type: z.literal(["low_precision_layernorm", "layernorm"]).optional(),
  embedding_fraction: z.literal(1).optional(),
  tie_word_embeddings: z.boolean().default(true),
  // Positions are learned only where there are no slopes; the rest is of the first weights, of training or of the tokenizer.
  ...ignored(
    "learned_pos_emb init_config init_device emb_pdrop tokenizer_name verbose fc_type ffn_config param_init_fn",
  ),
};

const qkv = "attn.Wqkv";

/** The family's description. */
const family: Family = {
  name: "mpt",
  modelTypes: ["mpt"],
  config: configSchema(shape, (c) => {
    const { headDim, ...heads } = headsOf(c.d_model, c.n_heads, undefined, undefined);
    return decoder(
      {
        ...{ family: "mpt", ...heads, headDim, hiddenSize: c.d_model, layers: c.n_layers },
        ...{ vocabularySize: c.vocab_size, context: c.max_seq_len },
        norm: { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: false },
      },
      {
        mlp: { size: c.expansion_ratio * c.d_model, gated: false, activation: "gelu" },
        mixer: attention({ rotary: false, alibi: 1, scale: c.attn_config?.softmax_scale ?? undefined }),
      },
      { ropes: [stillRope(headDim)], tiedHead: c.tie_word_embeddings },
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
};

export default family;
