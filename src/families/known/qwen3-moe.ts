/** Qwen 3 with mixtures of experts (arXiv 2505.09388). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema, size } from "../config.ts";
import { expertsMlp, expertsShape, expertsTensors, ggufExpertsConfig } from "../experts.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors, hasAttentionBias } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  ...expertsShape,
  attention_bias: z.boolean().default(false),
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullish(),
  // Said by published configurations, and read by no code.
  max_window_layers: z.number().optional(),
};

/** The family's description. */
const family: Family = {
  name: "qwen3_moe",
  modelTypes: ["qwen3_moe"],
  config: configSchema(shape, (c) => {
    const mlp = expertsMlp(c, { width: c.intermediate_size, activation: c.hidden_act });
    return llamaLike("qwen3_moe", c, (layer) => ({
      mlp: mlp(layer),
      mixer: attention({ window: c.use_sliding_window ? c.sliding_window : null }),
      headNorms: "head",
      biases: attentionBiases(c.attention_bias),
    }));
  }),
  tensors: expertsTensors(),
  // Shares sum to one there, and layers without a router have no experts.
  gguf: {
    architecture: "qwen3moe",
    config: { ...ggufConfig, ...ggufExpertsConfig, moe_intermediate_size: "expert_feed_forward_length" },
    implied: (has, config) => ({
      ...{ norm_topk_prob: true, attention_bias: hasAttentionBias(has) },
      mlp_only_layers: Array.from({ length: Number(config.num_hidden_layers) }, (_unused, layer) => layer).filter(
        (layer) => !has(`blk.${layer}.ffn_gate_inp.weight`),
      ),
    }),
    tensors: ggufTensors(),
  },
};

export default family;
