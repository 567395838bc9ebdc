/** The feature map axis: φ, under which the state's kernel is an inner product. */
import { z } from "zod";
import {
  add,
  concat,
  exp,
  greater,
  matmul,
  max,
  maximum,
  minimum,
  negate,
  reshape,
  softmax,
  subtract,
  type Value,
  where,
  withGradient,
} from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import type { MixerInputs, MixerSizes } from "./contract.ts";
import { joinHeads, repeatHeads, sharedByGroup } from "./heads.ts";
import { learned, type Parameters } from "./parameter.ts";

type Learned = MixerInputs["parameters"];

const queryMap = "featureMap.queries";
const keyMap = "featureMap.keys";

/** What a kind of feature map declares. */
export interface FeatureMap {
  /** Features of one head. */
  features(sizes: MixerSizes): number;
  parameters(sizes: MixerSizes): Parameters;
  /** φ of queries `[batch, heads, length, dim]`: `[batch, heads, length, features]`. */
  queries(x: Value, parameters: Learned): Value;
  /** φ of keys `[batch, groups, length, dim]`, per query head: `[batch, heads, length, features]`. */
  keys(x: Value, parameters: Learned, heads: number): Value;
}

/** A map without parameters, the same for all heads. */
function fixed(f: (x: Value) => Value): FeatureMap {
  return {
    features: ({ dim }) => dim,
    parameters: () => ({}),
    queries: f,
    keys: (x, _parameters, heads) => repeatHeads(f(x), heads),
  };
}

const identity = kind(z.strictObject({ kind: z.literal("identity") }), () => fixed((x) => x));

/** 1 + ELU(x); the exponential is taken of the negative part alone, so that it never overflows. */
const elu = kind(z.strictObject({ kind: z.literal("elu") }), () =>
  fixed((x) => where(greater(x, 0), add(x, 1), exp(minimum(x, 0)))),
);

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

const hedgehog = kind(
  z.strictObject({
    kind: z.literal("hedgehog"),
    activation: z.enum(["softmax", "exp"]).default("softmax"),
    /** Join φ(x) and φ(−x), each normalised on its own. */
    twoSided: z.boolean().default(true),
    /** One map for queries and keys. */
    tied: z.boolean().default(false),
    /** Columns of each head's matrix (default: the head's dimensions). */
    dim: z.number().int().positive().optional(),
    /** Features are at least this. */
    floor: z.number().positive().default(1e-12),
  }),
  ({ activation, twoSided, tied, dim, floor }): FeatureMap => {
    const columns = (sizes: MixerSizes) => dim ?? sizes.dim;
    const [positive, negative] = activations[activation];
    const project = (x: Value, map: Value): Value => {
      const perPart = reshape(map, [...map.shape.slice(0, -2), 1, ...map.shape.slice(-2)]);
      const projected = matmul(inParts(x), perPart);
      const sides = twoSided ? [positive(projected), negative(projected)] : [positive(projected)];
      const features = atLeast(concat(sides, projected.shape.length - 1), floor);
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

/** All feature maps. */
export const featureMaps = axis({ identity, elu, hedgehog });
