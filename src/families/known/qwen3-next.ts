/** Qwen3-Next: gated delta nets, a gated attention after every third, mixtures of experts (Qwen, 2025; arXiv 2412.06464). */
import { z } from "zod";
import { configSchema, headsOf, ropeOf, size } from "../config.ts";
import { deltaNetBlock, deltaNetSpelling } from "../delta-net-like.ts";
import { expertsMlp, expertsNames, expertsShape } from "../experts.ts";
import type { Family } from "../family.ts";
import { attentionBiases, llamaLike, llamaModules, llamaShape, llamaTensors } from "../llama-like.ts";
import { layerNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const shape = {
  ...llamaShape,
  ...expertsShape,
  head_dim: size.default(256),
  attention_bias: z.boolean().default(false),
  norm_topk_prob: z.boolean().default(true),
  layer_types: z.array(z.enum(["linear_attention", "full_attention"])).nullish(),
  full_attention_interval: size.default(4),
  ...{ linear_conv_kernel_dim: size.default(4), linear_key_head_dim: size.default(128) },
  ...{ linear_value_head_dim: size.default(128), linear_num_key_heads: size.default(16) },
  linear_num_value_heads: size.default(32),
};

const prefix = "model.layers.{layer}.";
const { attentionNorm, mlpNorm, gate, up, down } = llamaModules;
const around = { ...layerNames(prefix, { attentionNorm, mlpNorm, gate, up, down }), ...expertsNames(`${prefix}mlp.`) };
const names = llamaTensors();

/** The family's description. */
const family: Family = {
  name: "qwen3_next",
  modelTypes: ["qwen3_next"],
  config: configSchema(shape, (c) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    const norm = { kind: "rms", epsilon: c.rms_norm_eps, offset: 1, bias: false } as const;
    const attends = (layer: number) =>
      c.layer_types ? c.layer_types[layer] === "full_attention" : (layer + 1) % c.full_attention_interval === 0;
    const attention = { headNorms: "head", outputGate: true, biases: attentionBiases(c.attention_bias) } as const;
    const delta = deltaNetBlock({
      ...{ heads: c.linear_num_value_heads, keyHeads: c.linear_num_key_heads, headDim: c.linear_key_head_dim },
      ...{ valueDim: c.linear_value_head_dim, taps: c.linear_conv_kernel_dim, normEpsilon: c.rms_norm_eps },
    });
    const mlp = expertsMlp(c, { width: c.intermediate_size, activation: c.hidden_act });
    return llamaLike(
      "qwen3_next",
      c,
      (layer) => ({ norm, mlp: mlp(layer), ...(attends(layer) ? attention : { ...delta, rope: 1 }) }),
      {
        norm,
        ropes: [
          ropeOf({ partial_rotary_factor: 0.25, ...c }, { headDim, context: c.max_position_embeddings }),
          stillRope(c.linear_key_head_dim),
        ],
      },
    );
  }),
  tensors: {
    ...names,
    layer: {
      ...names.layer,
      ...around,
      ...{ outputGate: `${prefix}self_attn.q_proj.weight`, outputGateBias: `${prefix}self_attn.q_proj.bias` },
    },
    turns: { queries: "heads", queriesBias: "heads" },
    kinds: { delta: deltaNetSpelling(`${prefix}linear_attn.`, around) },
  },
};

export default family;
