/** Keys quantised against a codebook: softmax attention over codes is linear attention (arXiv 2309.16354, 2404.11163). */
import { z } from "zod";
import {
  equal,
  exp,
  integers,
  matmul,
  max,
  multiply,
  softmax,
  subtract,
  sum,
  topIndices,
  type Value,
  where,
  withGradient,
} from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { repeatHeads } from "../heads.ts";
import { learned } from "../parameter.ts";
import { swapLast } from "../recurrence/parts.ts";
import type { FeatureMap } from "./feature-map.ts";

const name = "featureMap.codes";

/** 1 at the nearest code, 0 elsewhere; its gradient is that of softmax assignments (straight through). */
function nearest(keys: Value, codes: Value): Value {
  const half = multiply(swapLast(sum(multiply(codes, codes), [-1])), 0.5);
  const scores = subtract(matmul(keys, codes, { transposeB: true }), half);
  const count = codes.shape[1] ?? 1;
  const places = integers(Array.from({ length: count }, (_unused, index) => index));
  const chosen = where(equal(topIndices(scores, 1), places), 1, 0);
  return withGradient(chosen, [softmax(scores)], (upstream) => [upstream]);
}

/** φ(k) marks the key's code, φ(q) = exp(q·c / √dim) weighs the codes: a state counts tokens and sums values by code. */
export const codebook = kind(
  z.strictObject({ kind: z.literal("codebook"), codes: z.number().int().min(2).default(64) }),
  ({ codes: count }): FeatureMap => ({
    features: () => count,
    parameters: ({ heads, dim }) => ({
      [name]: { shape: [heads, count, dim], initial: { kind: "normal", deviation: 1 } },
    }),
    queries: (x, parameters) => {
      const scale = (x.shape[3] ?? 1) ** -0.5;
      const scores = matmul(x, learned(parameters, name), { transposeB: true, scale });
      return exp(subtract(scores, max(scores, [-1])));
    },
    keys: (x, parameters, heads) => nearest(repeatHeads(x, heads), learned(parameters, name)),
  }),
);
