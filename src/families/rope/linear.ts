/** Position interpolation: all frequencies divided by one factor (arXiv 2306.15595). */
import { z } from "zod";
import { geometricFrequencies } from "./plain.ts";
import type { RopeScaling } from "./scaling.ts";

const settings = z.object({ factor: z.number().positive() });

/** `rope_type: linear`. */
export const linearRope: RopeScaling<z.infer<typeof settings>> = {
  type: "linear",
  settings,
  frequencies: (base, { factor }) => ({ inverse: geometricFrequencies(base).map((f) => f / factor), factor: 1 }),
};
