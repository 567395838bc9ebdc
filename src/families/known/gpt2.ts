/** GPT-2: learned positions, LayerNorm, one fused projection, matrices stored the other way round. */
import { z } from "zod";
import { attention } from "../attention.ts";
import { ConfigProblem, configSchema, ignored } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufTensors } from "../gguf.ts";
import { gptEnds, gptHeads, gptLike, gptShape, learnedPositions } from "../gpt-like.ts";
import { layerNames } from "../names.ts";

const shape = {
  ...gptShape,
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  // Precision of training.
  ...ignored("reorder_and_upcast_attn"),
};

const qkv = "attn.c_attn";

/** The family's description. */
const family: Family = {
  name: "gpt2",
  modelTypes: ["gpt2"],
  config: configSchema(shape, (c) => {
    const heads = gptHeads(c);
    const { headDim } = heads;
    if (headDim % 2 !== 0) throw new ConfigProblem(`heads of ${headDim} dimensions: an even number is needed`);
    const scaleOf = (layer: number) =>
      (c.scale_attn_weights ? headDim ** -0.5 : 1) / (c.scale_attn_by_inverse_layer_idx ? layer + 1 : 1);
    const mixer = (layer: number) => attention({ rotary: false, scale: scaleOf(layer) });
    return gptLike("gpt2", c, heads, (layer) => ({ mixer: mixer(layer) }), learnedPositions(c, headDim));
  }),
  tensors: {
    model: gptEnds,
    layer: layerNames("transformer.h.{layer}.", {
      ...{ attentionNorm: "ln_1", queries: qkv, keys: qkv, values: qkv, output: "attn.c_proj" },
      ...{ mlpNorm: "ln_2", up: "mlp.c_fc", down: "mlp.c_proj" },
    }),
    prefix: "transformer.",
    transposed: true,
    redundant: [/(^|\.)attn\.(bias|masked_bias)$/],
  },
  gguf: {
    architecture: "gpt2",
    config: {
      ...{ n_embd: "embedding_length", n_inner: "feed_forward_length", n_layer: "block_count" },
      ...{ n_head: "attention.head_count", n_positions: "context_length" },
      layer_norm_epsilon: "attention.layer_norm_epsilon",
    },
    tensors: ggufTensors(),
  },
};

export default family;
