/** SmolLM3: Llama without positions in every fourth layer (Hugging Face, 2025; arXiv 2501.18795). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema, headsOf, ropeOf, size } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors, impliedBiases } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";
import { stillRope } from "../rope/rope.ts";
import { layerWindows, windowShape } from "../windows.ts";

const shape = {
  ...llamaShape,
  ...windowShape,
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  no_rope_layer_interval: size.default(4),
  /** 1 for a layer whose queries and keys are rotated. */
  no_rope_layers: z.array(z.union([z.literal(0), z.literal(1)])).nullish(),
};

/** The family's description. */
const family: Family = {
  name: "smollm3",
  modelTypes: ["smollm3"],
  config: configSchema(shape, (c) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    const turns = (layer: number) => c.no_rope_layers?.[layer] ?? Number((layer + 1) % c.no_rope_layer_interval !== 0);
    const windows = layerWindows(c, { biases: attentionBiases(c.attention_bias, c.mlp_bias) });
    return llamaLike(
      "smollm3",
      c,
      (layer) =>
        turns(layer) === 1 ? windows(layer) : { ...windows(layer), rope: 1, mixer: attention({ rotary: false }) },
      { ropes: [ropeOf(c, { headDim, context: c.max_position_embeddings }), stillRope(headDim)] },
    );
  }),
  tensors: llamaTensors(),
  // Files do not say which layers have no positions: every fourth, here as in llama.cpp.
  gguf: {
    architecture: "smollm3",
    config: ggufConfig,
    implied: impliedBiases,
    tensors: ggufTensors({}, { rotary: "adjacent" }),
  },
};

export default family;
