/** Dynamic NTK scaling: sequences beyond the trained context raise the base, the more the longer they are. */
import { z } from "zod";
import { geometricFrequencies } from "./plain.ts";
import type { RopeScaling } from "./scaling.ts";

const settings = z.object({
  factor: z.number().positive(),
  original_max_position_embeddings: z.number().int().positive().nullish(),
});

/** `rope_type: dynamic`. */
export const dynamicRope: RopeScaling<z.infer<typeof settings>> = {
  type: "dynamic",
  settings,
  frequencies: (base, { factor, original_max_position_embeddings: original }) => {
    const trained = original ?? base.context;
    const at = (length: number) => {
      const stretch = (factor * Math.max(length, trained)) / trained - (factor - 1);
      return geometricFrequencies({ ...base, theta: base.theta * stretch ** (base.dim / (base.dim - 2)) });
    };
    return { inverse: at(trained), factor: 1, at };
  },
};
