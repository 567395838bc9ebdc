/** Granite: Llama with factors of embedding, scores, residuals and logits (IBM, 2024). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { graniteEnds, graniteGguf, graniteShape } from "../granite-like.ts";
import { attentionBiases, llamaLike, llamaTensors } from "../llama-like.ts";

const shape = { ...graniteShape, mlp_bias: z.boolean().default(false) };

/** The family's description. */
const family: Family = {
  name: "granite",
  modelTypes: ["granite"],
  config: configSchema(shape, (c) =>
    llamaLike(
      "granite",
      c,
      {
        biases: attentionBiases(c.attention_bias, c.mlp_bias),
        mixer: attention({ scale: c.attention_multiplier }),
        factors: { output: c.residual_multiplier, down: c.residual_multiplier },
      },
      graniteEnds(c),
    ),
  ),
  tensors: llamaTensors(),
  gguf: { architecture: "granite", ...graniteGguf },
};

export default family;
