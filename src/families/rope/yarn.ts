/** YaRN: interpolates slow pairs, keeps fast ones, and scales the scores (arXiv 2309.00071). */
import { z } from "zod";
import { geometricFrequencies } from "./plain.ts";
import type { RopeScaling } from "./scaling.ts";

const settings = z.object({
  factor: z.number().positive(),
  original_max_position_embeddings: z.number().int().positive().nullish(),
  attention_factor: z.number().positive().nullish(),
  beta_fast: z.number().positive().nullish(),
  beta_slow: z.number().positive().nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  truncate: z.boolean().nullish(),
});

const magnitude = (factor: number, weight: number) => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);

/** `rope_type: yarn`. */
export const yarnRope: RopeScaling<z.infer<typeof settings>> = {
  type: "yarn",
  settings,
  frequencies: (base, given) => {
    const { factor, mscale, mscale_all_dim: mscaleAll } = given;
    const original = given.original_max_position_embeddings ?? base.context;
    // The pair that makes `turns` full turns over the original context.
    const pairOf = (turns: number) =>
      (base.dim * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(base.theta));
    const [fast, slow] = [pairOf(given.beta_fast ?? 32), pairOf(given.beta_slow ?? 1)];
    const low = Math.max((given.truncate ?? true) ? Math.floor(fast) : fast, 0);
    const high = Math.min((given.truncate ?? true) ? Math.ceil(slow) : slow, base.dim - 1);
    const span = high === low ? 0.001 : high - low;
    const inverse = geometricFrequencies(base).map((frequency, pair) => {
      const interpolated = Math.min(Math.max((pair - low) / span, 0), 1);
      return interpolated * (frequency / factor) + (1 - interpolated) * frequency;
    });
    const scaled =
      mscale && mscaleAll ? magnitude(factor, mscale) / magnitude(factor, mscaleAll) : magnitude(factor, 1);
    return { inverse, factor: given.attention_factor ?? scaled };
  },
};
