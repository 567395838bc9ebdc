/** Rotary frequencies as first published: θ^(−2i/dim) (arXiv 2104.09864). */
import { z } from "zod";
import type { RopeBase, RopeScaling } from "./scaling.ts";

/** θ^(−2i/dim) for each pair i. */
export function geometricFrequencies({ theta, dim }: RopeBase): Float64Array {
  return Float64Array.from({ length: dim / 2 }, (_unused, pair) => theta ** ((-2 * pair) / dim));
}

/** No scaling. */
export const plainRope: RopeScaling<unknown> = {
  type: "default",
  settings: z.unknown(),
  frequencies: (base) => ({ inverse: geometricFrequencies(base), factor: 1 }),
};
