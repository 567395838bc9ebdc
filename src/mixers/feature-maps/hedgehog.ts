/** Hedgehog: a learned matrix per head and a softmax of both signs (arXiv 2402.04347, 2410.10254). */
import { z } from "zod";
import {
  concat,
  exp,
  matmul,
  max,
  maximum,
  multiply,
  negate,
  reshape,
  softmax,
  subtract,
  type Value,
  withGradient,
} from "../../graph/index.ts";
import { kind } from "../axis.ts";
import type { MixerSizes } from "../contract.ts";
import { joinHeads, sharedByGroup } from "../heads.ts";
import { learned } from "../parameter.ts";
import { type FeatureMap, keyMap, queryMap } from "./feature-map.ts";

/** e to the x less its row's largest: the shift rescales each key, and is part of the map. */
const shiftedExp = (x: Value) => exp(subtract(x, max(x, [-1])));

/** softmax(−x), whose gradient is written without a change of sign. */
function softmaxOfNegative(x: Value): Value {
  const y = softmax(negate(x));
  return withGradient(y, [x], (upstream, g) => [
    g.multiply(y, g.subtract(g.sum(g.multiply(upstream, y), [-1]), upstream)),
  ]);
}

/** φ(x) and φ(−x). */
const activations: Readonly<Record<"softmax" | "exp", readonly [(x: Value) => Value, (x: Value) => Value]>> = {
  softmax: [softmax, softmaxOfNegative],
  exp: [shiftedExp, (x) => shiftedExp(negate(x))],
};

/** Tokens from which a product is cut in two, so that an odd number of heads occupies two threads evenly. */
const dividedFrom = 256;

/** x `[…, length, dim]` in parts, `[…, parts, length / parts, dim]`. */
function inParts(x: Value): Value {
  const [length = 0, dim = 1] = x.shape.slice(-2);
  const parts = length >= dividedFrom && length % 2 === 0 ? 2 : 1;
  return reshape(x, [...x.shape.slice(0, -2), parts, length / parts, dim]);
}

/** The axis' kind `hedgehog`. */
export const hedgehog = kind(
  z.strictObject({
    kind: z.literal("hedgehog"),
    activation: z.enum(["softmax", "exp"]).default("softmax"),
    /** Join φ(x) and φ(−x), each normalised on its own. */
    twoSided: z.boolean().default(true),
    /** One softmax over 2x and −2x together, as flash-linear-attention has it. */
    joint: z.boolean().default(false),
    /** One map for queries and keys. */
    tied: z.boolean().default(false),
    /** Columns of each head's matrix (default: the head's dimensions). */
    dim: z.number().int().positive().optional(),
    /** Features are at least this. */
    floor: z.number().positive().default(1e-12),
  }),
  ({ activation, twoSided, joint, tied, dim, floor }): FeatureMap => {
    const columns = (sizes: MixerSizes) => dim ?? sizes.dim;
    const [positive, negative] = activations[activation];
    const project = (x: Value, map: Value): Value => {
      const perPart = reshape(map, [...map.shape.slice(0, -2), 1, ...map.shape.slice(-2)]);
      const projected = matmul(inParts(x), perPart);
      const last = projected.shape.length - 1;
      const sides = twoSided ? [positive(projected), negative(projected)] : [positive(projected)];
      const both = () => softmax(multiply(concat([projected, negate(projected)], last), 2));
      const features = atLeast(joint ? both() : concat(sides, last), floor);
      return reshape(features, [...projected.shape.slice(0, -3), x.shape.at(-2) ?? 0, features.shape.at(-1) ?? 1]);
    };
    return {
      features: (sizes) => (twoSided ? 2 : 1) * columns(sizes),
      parameters: (sizes) => {
        const map = { shape: [sizes.heads, sizes.dim, columns(sizes)], initial: { kind: "identity" } } as const;
        return tied ? { [queryMap]: map } : { [queryMap]: map, [keyMap]: map };
      },
      queries: (x, parameters) => project(x, learned(parameters, queryMap)),
      keys: (x, parameters, heads) => {
        const map = learned(parameters, tied ? queryMap : keyMap);
        const groups = x.shape[1] ?? 1;
        const perHead = reshape(map, [1, groups, heads / groups, ...map.shape.slice(1)]);
        return joinHeads(project(sharedByGroup(x), perHead));
      },
    };
  },
);

/** The larger of feature and floor. Its gradient passes the floor: a feature that small has one as small. */
function atLeast(features: Value, floor: number): Value {
  return withGradient(maximum(features, floor), [features], (upstream) => [upstream]);
}
