/** Bamba: Mamba-2 layers with a few layers of softmax attention between them, all with gated MLPs (IBM, 2024). */
import { z } from "zod";
import type { Block } from "../block.ts";
import { configSchema, headsOf, ignored, ropeOf, size, unlimited } from "../config.ts";
import type { Family } from "../family.ts";
import { attentionBiases, llamaLike, llamaShape } from "../llama-like.ts";
import { mamba2Block, mamba2Spelling } from "../mamba2-like.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const layerList = z.array(z.number().int().nonnegative());

const shape = {
  ...llamaShape,
  ...{ attention_bias: z.boolean().default(false), mlp_bias: z.boolean().default(false) },
  attn_layer_indices: layerList.nullish(),
  layer_types: z.array(z.enum(["mamba", "full_attention", "attention"])).nullish(),
  ...{ mamba_n_heads: size.default(128), mamba_d_head: z.union([size, z.literal("auto")]).default("auto") },
  ...{ mamba_n_groups: size.default(1), mamba_d_state: size.default(256), mamba_d_conv: size.default(4) },
  ...{ mamba_expand: size.default(2), mamba_conv_bias: z.boolean().default(true) },
  mamba_proj_bias: z.literal(false).default(false),
  time_step_limit: unlimited.optional(),
  // Of training, of the first weights, or of how it is computed.
  ...ignored(
    "mamba_chunk_size num_logits_to_keep z_loss_coefficient attn_rotary_emb time_step_min time_step_max",
    "time_step_floor",
  ),
};

const shared = {
  ...{ attentionNorm: "input_layernorm", mlpNorm: "pre_ff_layernorm" },
  ...{ gate: "feed_forward.gate_proj", up: "feed_forward.up_proj", down: "feed_forward.down_proj" },
} as const;
const prefix = "model.layers.{layer}.";

/** The family's description. */
const family: Family = {
  name: "bamba",
  modelTypes: ["bamba"],
  config: configSchema(shape, (c) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    const heads = c.mamba_n_heads;
    const own = c.mamba_d_head === "auto" ? (c.mamba_expand * c.hidden_size) / heads : c.mamba_d_head;
    const recurrent = mamba2Block({
      ...{ heads, groups: c.mamba_n_groups, headDim: own, stateSize: c.mamba_d_state, taps: c.mamba_d_conv },
      ...{ filterBias: c.mamba_conv_bias, norm: { epsilon: c.rms_norm_eps, parts: c.mamba_n_groups } },
    });
    const attends = (layer: number) =>
      c.layer_types ? c.layer_types[layer] !== "mamba" : (c.attn_layer_indices ?? []).includes(layer);
    const biases = attentionBiases(c.attention_bias, c.mlp_bias);
    return llamaLike(
      "bamba",
      c,
      (layer): Partial<Block> =>
        attends(layer) ? { biases } : { ...recurrent, rope: 1, biases: attentionBiases(false, c.mlp_bias) },
      {
        ropes: [
          ropeOf({ partial_rotary_factor: 0.5, ...c }, { headDim, context: c.max_position_embeddings }),
          stillRope(c.mamba_d_state),
        ],
      },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "model.embed_tokens", finalNorm: "model.final_layernorm", head: "lm_head" }),
    layer: layerNames(prefix, {
      ...shared,
      ...{ queries: "self_attn.q_proj", keys: "self_attn.k_proj", values: "self_attn.v_proj" },
      output: "self_attn.o_proj",
    }),
    kinds: { mamba: mamba2Spelling(`${prefix}mamba.`, layerNames(prefix, shared)) },
    redundant: [],
  },
};

export default family;
