/** Cohere's Command R7B and A: a window on three layers of four, no positions in the fourth (arXiv 2504.00698). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { cohereGguf, cohereLike, cohereShape, cohereTensors } from "../cohere-like.ts";
import { configSchema, headsOf, ropeOf, size } from "../config.ts";
import type { Family } from "../family.ts";
import { hasAttentionBias } from "../gguf.ts";
import { stillRope } from "../rope/rope.ts";
import { windowShape } from "../windows.ts";

const shape = {
  ...cohereShape,
  sliding_window: size.default(4096),
  ...{ sliding_window_pattern: size.nullish(), _sliding_window_pattern: size.nullish(), layer_switch: size.nullish() },
  layer_types: windowShape.layer_types,
  // Said of the published models.
  order_of_interleaved_layers: z.literal("local_attn_first").optional(),
  position_embedding_type: z.literal("rope_gptj").optional(),
  rotary_pct: z.literal(1).optional(),
  use_qk_norm: z.literal(false).optional(),
};

/** The family's description. */
const family: Family = {
  name: "cohere2",
  modelTypes: ["cohere2"],
  config: configSchema(shape, (c) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    const every = c._sliding_window_pattern ?? c.sliding_window_pattern ?? c.layer_switch ?? 4;
    const local = (layer: number) =>
      c.layer_types ? c.layer_types[layer] === "sliding_attention" : (layer + 1) % every !== 0;
    return cohereLike(
      "cohere2",
      c,
      (layer) =>
        local(layer)
          ? { mixer: attention({ window: c.sliding_window }) }
          : { rope: 1, mixer: attention({ rotary: false }) },
      { ropes: [ropeOf(c, { headDim, context: c.max_position_embeddings }), stillRope(headDim)] },
    );
  }),
  tensors: cohereTensors,
  // Files do not say which layers read a window: three of four, here as in llama.cpp.
  gguf: {
    architecture: "cohere2",
    ...cohereGguf,
    config: { ...cohereGguf.config, sliding_window: "attention.sliding_window" },
    implied: (has) => ({ attention_bias: hasAttentionBias(has) }),
  },
};

export default family;
