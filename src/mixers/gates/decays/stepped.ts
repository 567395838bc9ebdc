/** Decays by step sizes Δ = softplus(x + b). */
import { z } from "zod";
import { add, exp, multiply, negate, reshape, sigmoid, softplus } from "../../../graph/index.ts";
import { kind } from "../../axis.ts";
import { learned } from "../../parameter.ts";
import type { Decay } from "../decay.ts";
import { factorOption, projection, projectionOptions, timesFactor } from "../projection.ts";
import { projected } from "./projected.ts";
import { ratesOf, stepBias, stepBiases } from "./rates.ts";

/** log α = −exp(a) Δ, Δ = softplus(x + b) (Mamba-2, arXiv 2405.21060; KDA, arXiv 2510.26692). */
export const stepped = kind(
  z.strictObject({
    kind: z.literal("step"),
    per: z.enum(["head", "feature"]).default("head"),
    ...projectionOptions,
    ...factorOption,
  }),
  ({ per: granularity, source, rank, factor }) =>
    projected(granularity, { source, rank }, {}, stepBiases(granularity), (x, parameters) => {
      const step = softplus(add(timesFactor(x, factor), stepBias(parameters, x.shape[1] ?? 1)));
      return { decay: negate(multiply(ratesOf(parameters), step)), step };
    }),
);

/** log α_cn = −exp(a_cn) Δ_c of values c and features n, Δ = softplus(x + b) (Mamba, arXiv 2312.00752). */
export const selective = kind(
  z
    .strictObject({
      kind: z.literal("selective"),
      ...projectionOptions,
      /** Epsilon of a norm of the numbers that steps are made of (Jamba, arXiv 2403.19887; default: there is none). */
      norm: z.number().positive().optional(),
    })
    .refine(({ source, rank, norm }) => norm === undefined || (source === "values" && rank !== undefined), {
      error: "a norm stands between the factors of a projection of values: set source values and a rank",
    }),
  ({ source, rank, norm }): Decay => {
    const from = projection("decay", { source, rank }, { norm });
    return {
      per: "cell",
      parameters: (sizes, of) => ({
        ...from.parameters(sizes, of.values),
        "decay.rate": { shape: [sizes.heads, of.features, of.values], initial: { kind: "logRow" } },
        "decay.stepBias": { shape: [sizes.heads * of.values], initial: { kind: "constant", value: -4 } },
      }),
      streams: (sizes, of) => from.streams(sizes, of.values),
      read: (inputs, sizes, of) => {
        const { parameters } = inputs;
        const numbers = from.read(inputs, sizes, of.values);
        const [batch = 1, heads = 1, length = 1, columns = 1] = numbers.shape;
        const step = softplus(add(numbers, stepBias(parameters, heads)));
        const rates = exp(reshape(learned(parameters, "decay.rate"), [1, heads, 1, of.features, columns]));
        const cells = negate(multiply(rates, reshape(step, [batch, heads, length, 1, columns])));
        return { decay: reshape(cells, [batch, heads, length, of.features * columns]), step };
      },
    };
  },
);

/** log α = lowest · σ(exp(a) (x + b)): bounded, so that sub-chunks of 16 tokens never overflow (KDA's safe gate). */
export const bounded = kind(
  z.strictObject({
    kind: z.literal("bounded"),
    per: z.enum(["head", "feature"]).default("feature"),
    ...projectionOptions,
    lowest: z.number().negative().default(-5),
  }),
  ({ per: granularity, source, rank, lowest }) =>
    projected(granularity, { source, rank }, {}, stepBiases(granularity), (x, parameters) => {
      const shifted = add(x, stepBias(parameters, x.shape[1] ?? 1));
      return { decay: multiply(sigmoid(multiply(ratesOf(parameters), shifted)), lowest) };
    }),
);
