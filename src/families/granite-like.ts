/** What the Granite families share: factors of embedding, scores, residuals and logits (IBM, 2024). */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import type { HasTensor } from "./family.ts";
import { ggufConfig, ggufTensors, impliedBiases } from "./gguf.ts";
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

/** How GGUF files spell the keys. */
export const graniteGguf = {
  config: {
    ...ggufConfig,
    ...{ embedding_multiplier: "embedding_scale", logits_scaling: "logit_scale" },
    ...{ residual_multiplier: "residual_scale", attention_multiplier: "attention.scale" },
  },
  // Files leave out a scale that is not set.
  implied: (has: HasTensor, config: Readonly<Record<string, unknown>>) => ({
    ...impliedBiases(has),
    attention_multiplier: config.attention_multiplier || Number(config.head_dim) ** -0.5,
  }),
  tensors: ggufTensors({}, { rotary: "adjacent" }),
} as const;
