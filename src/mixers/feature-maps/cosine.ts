/** Features that know where their token stands: kernels that fade with distance. */
import { z } from "zod";
import { concat, cos, multiply, relu, sin, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { type FeatureMap, fixed } from "./feature-map.ts";

/** [max(x, 0) cos θ_t, max(x, 0) sin θ_t] with θ_t = π t / 2M: a kernel times cos(θ_i − θ_j) (cosFormer, arXiv 2202.08791). */
export const cosine = kind(
  z.strictObject({
    kind: z.literal("cosine"),
    /** M: the longest sequence, beyond which weights would turn negative. */
    horizon: z.number().int().positive().default(4096),
  }),
  ({ horizon }): FeatureMap => ({
    ...fixed(relu),
    features: ({ dim }) => 2 * dim,
    place: (features: Value, places: Value) => {
      const angle = multiply(places, Math.PI / (2 * horizon));
      return concat([multiply(features, cos(angle)), multiply(features, sin(angle))], features.shape.length - 1);
    },
  }),
);
