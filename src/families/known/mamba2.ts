/** Mamba-2: blocks of one recurrent layer each, without attention and MLP (arXiv 2405.21060). */
import { z } from "zod";
import { anyContext, configSchema, ignored, size, unlimited } from "../config.ts";
import { decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { mamba2Block, mamba2Spelling } from "../mamba2-like.ts";
import { modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const shape = {
  ...{ hidden_size: size, num_hidden_layers: size, vocab_size: size, state_size: size.default(128) },
  ...{
    num_heads: size.default(128),
    head_dim: size.default(64),
    n_groups: size.default(8),
    conv_kernel: size.default(4),
  },
  layer_norm_epsilon: z.number().positive().default(1e-5),
  hidden_act: z.literal("silu").default("silu"),
  ...{ use_conv_bias: z.boolean().default(true), use_bias: z.literal(false).default(false) },
  tie_word_embeddings: z.boolean().default(false),
  time_step_limit: unlimited.optional(),
  // Implied by other sizes, of the first weights, or of how it is computed.
  ...{ rms_norm: z.literal(true).optional() },
  ...ignored(
    "expand chunk_size residual_in_fp32 rescale_prenorm_residual time_step_rank time_step_min",
    "time_step_max time_step_floor norm_before_gate",
  ),
};

/** The family's description. */
const family: Family = {
  name: "mamba2",
  modelTypes: ["mamba2"],
  config: configSchema(shape, (c) => {
    const own = mamba2Block({
      ...{ heads: c.num_heads, groups: c.n_groups, headDim: c.head_dim, stateSize: c.state_size },
      ...{
        taps: c.conv_kernel,
        filterBias: c.use_conv_bias,
        norm: { epsilon: c.layer_norm_epsilon, parts: c.n_groups },
      },
    });
    return decoder(
      {
        ...{ family: "mamba2", hiddenSize: c.hidden_size, layers: c.num_hidden_layers },
        ...{ heads: c.num_heads, groups: c.num_heads, headDim: c.state_size },
        ...{ vocabularySize: c.vocab_size, context: anyContext },
        norm: { kind: "rms", epsilon: c.layer_norm_epsilon, offset: 0, bias: false },
      },
      own,
      { ropes: [stillRope(c.state_size)], tiedHead: c.tie_word_embeddings },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "backbone.embeddings", finalNorm: "backbone.norm_f", head: "lm_head" }),
    ...mamba2Spelling("backbone.layers.{layer}.mixer.", { attentionNorm: "backbone.layers.{layer}.norm.weight" }),
    redundant: [],
  },
};

export default family;
