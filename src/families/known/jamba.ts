/** Jamba: Mamba layers, an attention without positions in every eighth, mixtures of experts in every second (arXiv 2403.19887). */
import { z } from "zod";
import { attention } from "../attention.ts";
import type { Mlp } from "../block.ts";
import { configSchema, headsOf, ignored, size } from "../config.ts";
import { expertsNames } from "../experts.ts";
import type { Family } from "../family.ts";
import { llamaLike, llamaShape } from "../llama-like.ts";
import { mambaBlock, mambaSpelling } from "../mamba-like.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const place = z.number().int().nonnegative();

const shape = {
  ...llamaShape,
  ...{ attn_layer_period: size.default(8), attn_layer_offset: place.default(4), num_experts: size.default(16) },
  ...{ expert_layer_period: size.default(2), expert_layer_offset: place.default(1) },
  ...{ mamba_d_state: size.default(16), mamba_d_conv: size.default(4), mamba_expand: size.default(2) },
  ...{ num_experts_per_tok: size.default(2), mamba_dt_rank: z.union([size, z.literal("auto")]).default("auto") },
  ...{ mamba_conv_bias: z.boolean().default(true), mamba_proj_bias: z.literal(false).default(false) },
  sliding_window: z.null().optional(),
  // Of training, or of how it is computed.
  ...ignored(
    "use_mamba_kernels output_router_logits router_aux_loss_coef num_logits_to_keep use_mambapy",
    "use_associative_scan calc_logits_for_entire_prompt mamba_inner_layernorms",
  ),
};

const prefix = "model.layers.{layer}.";
const around = {
  ...layerNames(prefix, {
    ...{ attentionNorm: "input_layernorm", mlpNorm: "pre_ff_layernorm" },
    ...{ gate: "feed_forward.gate_proj", up: "feed_forward.up_proj", down: "feed_forward.down_proj" },
  }),
  ...expertsNames(`${prefix}feed_forward.`),
  router: `${prefix}feed_forward.router.weight`,
};

/** The family's description. */
const family: Family = {
  name: "jamba",
  modelTypes: ["jamba"],
  config: configSchema(shape, (c) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    const dense: Mlp = { size: c.intermediate_size, gated: true, activation: c.hidden_act };
    const experts = { count: c.num_experts, chosen: c.num_experts_per_tok, normalized: false };
    const every = (layer: number, period: number, offset: number) => layer % period === offset;
    const sparse = (layer: number) =>
      c.num_experts > 1 && every(layer, c.expert_layer_period, c.expert_layer_offset) ? { ...dense, experts } : dense;
    const scan = mambaBlock({
      channels: c.mamba_expand * c.hidden_size,
      rank: c.mamba_dt_rank === "auto" ? Math.ceil(c.hidden_size / 16) : c.mamba_dt_rank,
      ...{ stateSize: c.mamba_d_state, taps: c.mamba_d_conv },
      ...{ filterBias: c.mamba_conv_bias, normEpsilon: c.rms_norm_eps },
    });
    const looks = { mixer: attention({ rotary: false }) };
    return llamaLike(
      "jamba",
      c,
      (layer) => ({
        mlp: sparse(layer),
        ...(every(layer, c.attn_layer_period, c.attn_layer_offset) ? looks : { ...scan, rope: 1 }),
      }),
      { ropes: [stillRope(headDim), stillRope(c.mamba_d_state)] },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "model.embed_tokens", finalNorm: "model.final_layernorm", head: "lm_head" }),
    layer: {
      ...around,
      ...layerNames(`${prefix}self_attn.`, { queries: "q_proj", keys: "k_proj", values: "v_proj", output: "o_proj" }),
    },
    kinds: { mamba: mambaSpelling(`${prefix}mamba.`, around) },
    redundant: [],
  },
};

export default family;
