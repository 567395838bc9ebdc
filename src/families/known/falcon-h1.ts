/** Falcon-H1: attention and a Mamba-2 layer side by side in every block, and a factor for nearly every product (TII, 2025; arXiv 2507.22448). */
import { z } from "zod";
import { besideSpelling } from "../beside.ts";
import { ConfigProblem, configSchema, size, unlimited } from "../config.ts";
import type { Family } from "../family.ts";
import { attentionBiases, llamaLike, llamaModules, llamaShape } from "../llama-like.ts";
import { mamba2Layer, mamba2Spelling } from "../mamba2-like.ts";
import { layerNames, modelNames } from "../names.ts";

const unused = z.unknown().optional();
const factor = z.number().default(1);
const [no, yes] = [z.literal(false).default(false), z.literal(true).optional()];

const shape = {
  ...llamaShape,
  rms_norm_eps: z.number().positive().default(1e-5),
  ...{ attention_bias: no, mamba_proj_bias: no, projectors_bias: no, mlp_bias: z.boolean().default(false) },
  ...{ mamba_d_ssm: size.nullable().default(1024), mamba_n_heads: size.default(128), mamba_n_groups: size.default(1) },
  ...{ mamba_d_head: z.union([size, z.literal("auto")]).default("auto"), mamba_d_state: size.default(256) },
  ...{ mamba_d_conv: size.default(4), mamba_expand: size.default(2), mamba_conv_bias: z.boolean().default(true) },
  ...{ mamba_rms_norm: z.boolean().default(false), mamba_norm_before_gate: z.boolean().default(true) },
  ...{ embedding_multiplier: factor, lm_head_multiplier: factor, key_multiplier: factor },
  ...{ attention_in_multiplier: factor, attention_out_multiplier: factor },
  ...{ ssm_in_multiplier: factor, ssm_out_multiplier: factor },
  mlp_multipliers: z.tuple([factor, factor]).nullish(),
  ssm_multipliers: z.tuple([factor, factor, factor, factor, factor]).nullish(),
  mamba_use_mlp: yes,
  time_step_limit: unlimited.optional(),
  // Implied by other sizes, of training, of the first weights, or of how it is computed.
  ...{ mamba_chunk_size: unused, num_logits_to_keep: unused, mlp_expansion_factor: unused, expansion_factor: unused },
  ...{ time_step_min: unused, time_step_max: unused, time_step_floor: unused, time_step_rank: unused },
};

const prefix = "model.layers.{layer}.";
const modules = {
  ...llamaModules,
  mlpNorm: "pre_ff_layernorm",
  ...{ gate: "feed_forward.gate_proj", up: "feed_forward.up_proj", down: "feed_forward.down_proj" },
} as const;

/** The family's description. */
const family: Family = {
  name: "falcon_h1",
  modelTypes: ["falcon_h1"],
  config: configSchema(shape, (c) => {
    const [gate, down] = c.mlp_multipliers ?? [1, 1];
    const [z, x, b, q, steps] = c.ssm_multipliers ?? [1, 1, 1, 1, 1];
    const { attention_in_multiplier: read, key_multiplier: key, ssm_in_multiplier: all } = c;
    const heads = c.mamba_n_heads;
    const headDim =
      c.mamba_d_head === "auto" ? (c.mamba_d_ssm ?? c.mamba_expand * c.hidden_size) / heads : c.mamba_d_head;
    if (!Number.isInteger(headDim)) throw new ConfigProblem(`${heads} mamba_n_heads do not divide the layer's width`);
    const layer = mamba2Layer({
      ...{ heads, groups: c.mamba_n_groups, stateSize: c.mamba_d_state, taps: c.mamba_d_conv },
      ...{ headDim, filterBias: c.mamba_conv_bias },
      ...(c.mamba_rms_norm && {
        norm: { epsilon: c.rms_norm_eps, parts: c.mamba_n_groups, beforeGate: c.mamba_norm_before_gate },
      }),
      factors: { gate: z * all, values: x * all, keys: b * all, queries: q * all, steps: steps * all },
    });
    return llamaLike(
      "falcon_h1",
      c,
      {
        beside: { ...layer, factors: { ...layer.factors, output: c.ssm_out_multiplier } },
        biases: attentionBiases(false, c.mlp_bias),
        factors: { queries: read, keys: read * key, values: read, output: c.attention_out_multiplier, gate, down },
      },
      { embedding: { scale: c.embedding_multiplier }, head: { scale: c.lm_head_multiplier, bias: false } },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "model.embed_tokens", finalNorm: "model.final_layernorm", head: "lm_head" }),
    ...besideSpelling(mamba2Spelling(`${prefix}mamba.`, {}), layerNames(prefix, modules)),
    redundant: [/\.rotary_emb\.inv_freq$/],
  },
};

export default family;
