/** LongRoPE: a searched factor for every pair, one list for short sequences and one for long ones (arXiv 2402.13753). */
import { z } from "zod";
import { geometricFrequencies } from "./plain.ts";
import type { RopeScaling } from "./scaling.ts";

const factors = z.array(z.number().positive()).min(1);

const settings = z.object({
  short_factor: factors,
  long_factor: factors,
  factor: z.number().positive().nullish(),
  attention_factor: z.number().positive().nullish(),
  original_max_position_embeddings: z.number().int().positive().nullish(),
});

/** `rope_type: longrope`; some configurations call it `su`. */
export const longRope: RopeScaling<z.infer<typeof settings>> = {
  type: "longrope",
  settings,
  frequencies: (base, { short_factor: short, long_factor: long, ...given }) => {
    const original = given.original_max_position_embeddings ?? base.original ?? base.context;
    const pairs = base.dim / 2;
    for (const list of [short, long])
      if (list.length !== pairs) throw new Error(`a list of ${list.length} factors does not fit ${pairs} pairs`);
    const divided = (list: readonly number[]) =>
      geometricFrequencies(base).map((frequency, pair) => frequency / (list[pair] ?? 1));
    const [near, far] = [divided(short), divided(long)];
    const stretch = given.factor ?? base.context / original;
    const scale = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
    return {
      inverse: near,
      factor: given.attention_factor ?? scale,
      at: (length) => (length > original ? far : near),
    };
  },
};
