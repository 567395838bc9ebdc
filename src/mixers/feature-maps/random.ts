/** Random features of the softmax kernel. */
import { z } from "zod";
import { exp, matmul, max, multiply, stopGradient, subtract, sum, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import type { MixerSizes } from "../contract.ts";
import { repeatHeads } from "../heads.ts";
import { learned } from "../parameter.ts";
import type { FeatureMap } from "./feature-map.ts";

const name = "featureMap.directions";

/**
 * exp(ω·x − ‖x‖² / 2) of x = q / d^¼ for random orthogonal directions ω (Performer's FAVOR+, arXiv 2009.14794). Queries are divided by
 * their largest feature, which a normalizer cancels; keys are not, so that they need not know the keys to come: their exponents
 * are at most ‖ω‖² / 2, about d / 2, and far below what float32 holds.
 */
export const random = kind(
  z.strictObject({
    kind: z.literal("random"),
    /** Directions (default: d ln d for d dimensions). */
    count: z.number().int().positive().optional(),
  }),
  ({ count }): FeatureMap => {
    const features = ({ dim }: MixerSizes) => count ?? Math.max(1, Math.round(dim * Math.log(dim)));
    const exponents = (x: Value, directions: Value) => {
      const scaled = multiply(x, (x.shape.at(-1) ?? 1) ** -0.25);
      const lengths = multiply(sum(multiply(scaled, scaled), [-1]), 0.5);
      return subtract(matmul(scaled, directions, { transposeB: true }), lengths);
    };
    return {
      features,
      parameters: (sizes) => ({ [name]: { shape: [features(sizes), sizes.dim], initial: { kind: "orthogonal" } } }),
      queries: (x, parameters) => {
        const all = exponents(x, learned(parameters, name));
        return exp(subtract(all, stopGradient(max(all, [-1]))));
      },
      keys: (x, parameters, heads) => repeatHeads(exp(exponents(x, learned(parameters, name))), heads),
    };
  },
);
