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

const activations: Readonly<Record<"softmax" | "exp", (x: Value) => Value>> = {
  softmax,
  // The shift is the row's own: it rescales each key, and is part of the map.
  exp: (x) => exp(subtract(x, max(x, [-1]))),
};

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
    const activate = (x: Value) => {
      const sides = twoSided ? [x, negate(x)].map(activations[activation]) : [activations[activation](x)];
      return maximum(concat(sides, x.shape.length - 1), floor);
    };
    const columns = (sizes: MixerSizes) => dim ?? sizes.dim;
    return {
      features: (sizes) => (twoSided ? 2 : 1) * columns(sizes),
      parameters: (sizes) => {
        const map = { shape: [sizes.heads, sizes.dim, columns(sizes)], initial: { kind: "identity" } } as const;
        return tied ? { [queryMap]: map } : { [queryMap]: map, [keyMap]: map };
      },
      queries: (x, parameters) => activate(matmul(x, learned(parameters, queryMap))),
      keys: (x, parameters, heads) => {
        const map = learned(parameters, tied ? queryMap : keyMap);
        const groups = x.shape[1] ?? 1;
        const split = [1, groups, heads / groups, ...map.shape.slice(1)];
        return activate(joinHeads(matmul(sharedByGroup(x), reshape(map, split))));
      },
    };
  },
);

/** All feature maps. */
export const featureMaps = axis({ identity, elu, hedgehog });
