/** The skip axis: what of a token's own value reaches its output without the state. */
import { z } from "zod";
import { add, multiply, reshape, sum, type Value } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import type { MixerInputs, MixerSizes } from "./contract.ts";
import { learned, type Parameters } from "./parameter.ts";

/** A token's features and value. */
export interface Own {
  readonly queries: Value;
  readonly keys: Value;
  /** `[batch, heads, length, valueDim]`. */
  readonly values: Value;
}

/** What a kind of skip declares. */
export interface Skip {
  parameters(sizes: MixerSizes, features: number): Parameters;
  apply(output: Value, own: Own, parameters: MixerInputs["parameters"]): Value;
}

/** o + D v, with one D per head or per value (Mamba, arXiv 2312.00752, 2405.21060). */
const direct = kind(
  z.strictObject({ kind: z.literal("direct"), per: z.enum(["head", "value"]).default("head") }),
  ({ per }): Skip => ({
    parameters: ({ heads, dim, valueDim = dim }) => ({
      skip: { shape: per === "head" ? [heads] : [heads, valueDim], initial: { kind: "constant", value: 1 } },
    }),
    apply: (output, { values }, parameters) => {
      const factor = learned(parameters, "skip");
      return add(output, multiply(values, reshape(factor, [1, factor.shape[0] ?? 1, 1, factor.shape[1] ?? 1])));
    },
  }),
);

/** o + (q diag(u) k) v: the own token by an own weight (RWKV, arXiv 2305.13048, 2404.05892, 2503.14456). */
const bonus = kind(
  z.strictObject({ kind: z.literal("bonus"), initial: z.number().default(0) }),
  ({ initial }): Skip => ({
    parameters: ({ heads }, features) => ({
      skip: { shape: [heads, features], initial: { kind: "constant", value: initial } },
    }),
    apply: (output, { queries, keys, values }, parameters) => {
      const factor = learned(parameters, "skip");
      const [heads = 1, features = 1] = factor.shape;
      const weighed = multiply(multiply(queries, keys), reshape(factor, [1, heads, 1, features]));
      return add(output, multiply(sum(weighed, [-1]), values));
    },
  }),
);

/** All skips. */
export const skips = axis({ direct, bonus });
