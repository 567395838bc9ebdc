/** Mamba: blocks of one selective scan each, without attention and MLP (arXiv 2312.00752). */
import { z } from "zod";
import { anyContext, configSchema, ignored, size } from "../config.ts";
import { decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { mambaBlock, mambaSpelling } from "../mamba-like.ts";
import { modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const shape = {
  ...{ hidden_size: size, num_hidden_layers: size, vocab_size: size, state_size: size.default(16) },
  ...{ conv_kernel: size.default(4), expand: size.default(2), intermediate_size: size.nullish() },
  time_step_rank: z.union([size, z.literal("auto")]).default("auto"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  hidden_act: z.literal("silu").default("silu"),
  ...{ use_conv_bias: z.boolean().default(true), use_bias: z.literal(false).default(false) },
  tie_word_embeddings: z.boolean().default(true),
  // Of the first weights, or of how it is computed.
  ...ignored(
    "residual_in_fp32 rescale_prenorm_residual use_mambapy use_associative_scan time_step_min",
    "time_step_max time_step_floor time_step_scale time_step_init_scheme d_inner d_model n_layer",
    "ssm_cfg rms_norm fused_add_norm pad_vocab_size_multiple",
  ),
};

/** The family's description. */
const family: Family = {
  name: "mamba",
  modelTypes: ["mamba"],
  config: configSchema(shape, (c) => {
    const own = mambaBlock({
      channels: c.intermediate_size ?? c.expand * c.hidden_size,
      rank: c.time_step_rank === "auto" ? Math.ceil(c.hidden_size / 16) : c.time_step_rank,
      ...{ stateSize: c.state_size, taps: c.conv_kernel, filterBias: c.use_conv_bias },
    });
    return decoder(
      {
        ...{ family: "mamba", hiddenSize: c.hidden_size, layers: c.num_hidden_layers },
        ...{ heads: 1, groups: 1, headDim: c.state_size },
        ...{ vocabularySize: c.vocab_size, context: anyContext },
        norm: { kind: "rms", epsilon: c.layer_norm_epsilon, offset: 0, bias: false },
      },
      own,
      { ropes: [stillRope(c.state_size)], tiedHead: c.tie_word_embeddings },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "backbone.embeddings", finalNorm: "backbone.norm_f", head: "lm_head" }),
    ...mambaSpelling("backbone.layers.{layer}.mixer.", { attentionNorm: "backbone.layers.{layer}.norm.weight" }),
    redundant: [],
  },
};

export default family;
