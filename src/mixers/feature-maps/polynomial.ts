/** Feature maps whose kernel is a polynomial of the inner product. */
import { z } from "zod";
import {
  add,
  concat,
  divide,
  mean,
  multiply,
  numbers,
  reshape,
  scalar,
  slice,
  sqrt,
  subtract,
  type Value,
} from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { unitNorm } from "../gates/gate.ts";
import { repeatHeads } from "../heads.ts";
import { learned } from "../parameter.ts";
import { type FeatureMap, fixed } from "./feature-map.ts";

const pairsOf = (dim: number) => (dim * (dim + 1)) / 2;

/** All products x_i x_j, i ≤ j, times `square` where i = j and √2 `square` elsewhere: (x·y)² square² is their inner product. */
function products(x: Value, square: number): Value {
  const last = x.shape.length - 1;
  const dim = x.shape[last] ?? 1;
  const rows = Array.from({ length: dim }, (_unused, i) => multiply(slice(x, last, i, i + 1), slice(x, last, i)));
  const factors = Array.from({ length: dim }, (_row, i) =>
    Array.from({ length: dim - i }, (_column, j) => (j === 0 ? square : Math.SQRT2 * square)),
  );
  return multiply(concat(rows, last), numbers(factors.flat()));
}

/** 1 + z + z² / 2 of z = q·k / √dim: the exponential to second order (Based, arXiv 2402.18668). */
export const taylor = kind(
  z.strictObject({
    kind: z.literal("taylor"),
    /** Of unit vectors. */
    unit: z.boolean().default(false),
  }),
  ({ unit }) =>
    fixed(
      (vectors) => {
        const x = unit ? unitNorm(vectors) : vectors;
        const last = x.shape.length - 1;
        const dim = x.shape[last] ?? 1;
        const ones = scalar(1, [...x.shape.slice(0, -1), 1]);
        return concat([ones, multiply(x, dim ** -0.25), products(x, (2 * dim) ** -0.5)], last);
      },
      (dim) => 1 + dim + pairsOf(dim),
    ),
);

/** Layer norm over the last axis, times γ plus β. */
function affineNorm(x: Value, gamma: Value, beta: Value): Value {
  const centred = subtract(x, mean(x, [-1]));
  const deviation = sqrt(add(mean(multiply(centred, centred), [-1]), 1e-5));
  return add(multiply(divide(centred, deviation), gamma), beta);
}

/** (y_q·y_k)² / dim of y = x, or of learned affine norms of them (Rebased, arXiv 2402.10644). */
export const quadratic = kind(
  z.strictObject({ kind: z.literal("quadratic"), affine: z.boolean().default(true) }),
  ({ affine }): FeatureMap => {
    const square = (y: Value) => products(y, (y.shape.at(-1) ?? 1) ** -0.5);
    if (!affine) return fixed(square, pairsOf);
    const names = ["queries", "keys"].flatMap((side) => [`featureMap.${side}.gamma`, `featureMap.${side}.beta`]);
    const normed = (x: Value, side: "queries" | "keys", parameters: Readonly<Record<string, Value>>) => {
      const part = (name: string) =>
        reshape(learned(parameters, `featureMap.${side}.${name}`), [1, -1, 1, x.shape[3] ?? 1]);
      return square(affineNorm(x, part("gamma"), part("beta")));
    };
    return {
      features: ({ dim }) => pairsOf(dim),
      parameters: ({ heads, dim }) =>
        Object.fromEntries(
          names.map((name) => [
            name,
            { shape: [heads, dim], initial: { kind: "constant", value: Number(name.endsWith("gamma")) } },
          ]),
        ),
      queries: (x, parameters) => normed(x, "queries", parameters),
      keys: (x, parameters, heads) => normed(repeatHeads(x, heads), "keys", parameters),
    };
  },
);
