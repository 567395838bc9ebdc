/** What the Granite families share: factors of embedding, scores, residuals and logits (IBM, 2024). */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import { llamaShape } from "./llama-like.ts";

const factor = z.number().default(1);

/** Keys of a configuration, to be spread into a family's shape. */
export const graniteShape = {
  ...llamaShape,
  attention_bias: z.boolean().default(false),
  ...{ embedding_multiplier: factor, logits_scaling: factor },
  ...{ residual_multiplier: factor, attention_multiplier: factor },
};

/** The factors of both ends. */
export const graniteEnds = ({
  embedding_multiplier,
  logits_scaling,
}: z.output<z.ZodObject<typeof graniteShape>>): Pick<Architecture, "embedding" | "head"> => ({
  embedding: { scale: embedding_multiplier },
  head: { scale: 1 / logits_scaling, bias: false },
});
