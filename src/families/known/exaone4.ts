/** EXAONE 4: norms of what sublayers add, of queries and of keys; a window on three layers of four, no positions in the fourth (arXiv 2507.11407). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { ConfigProblem, configSchema, headsOf, ropeOf, size } from "../config.ts";
import type { Family } from "../family.ts";
import { sandwiched } from "../gemma-like.ts";
import { llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";
import { stillRope } from "../rope/rope.ts";
import { windowShape } from "../windows.ts";

const shape = {
  ...llamaShape,
  rms_norm_eps: z.number().positive().default(1e-5),
  // None: every layer reads everything, by positions.
  sliding_window: size.nullable().default(4096),
  /** L and G for layers with a window and without, over and over, or the period of those without. */
  sliding_window_pattern: z.union([z.number().int().nonnegative(), z.string().regex(/^[LG]+$/)]).nullish(),
  layer_types: windowShape.layer_types,
};

/** The family's description. */
const family: Family = {
  name: "exaone4",
  modelTypes: ["exaone4"],
  config: configSchema(shape, ({ sliding_window: window, sliding_window_pattern: pattern, ...c }) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    if (window !== null && !c.layer_types && typeof pattern === "string")
      throw new ConfigProblem("a sliding_window_pattern of letters needs layer_types beside it");
    const local = (layer: number) =>
      window !== null &&
      (c.layer_types ? c.layer_types[layer] === "sliding_attention" : (layer + 1) % Number(pattern ?? 4) !== 0);
    const choices = { norms: ["output"], headNorms: "head" } as const;
    return llamaLike(
      "exaone4",
      c,
      (layer) =>
        window === null || local(layer)
          ? { ...choices, mixer: attention({ window }) }
          : { ...choices, rope: 1, mixer: attention({ rotary: false }) },
      { ropes: [ropeOf(c, { headDim, context: c.max_position_embeddings }), stillRope(headDim)] },
    );
  }),
  tensors: llamaTensors(sandwiched),
};

export default family;
