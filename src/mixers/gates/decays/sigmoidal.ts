/** Decays by sigmoids and exponentials of a projection. */
import { z } from "zod";
import { add, divide, exp, log, multiply, negate, sigmoid } from "../../../graph/index.ts";
import { kind } from "../../axis.ts";
import { granularities } from "../decay.ts";
import { logSigmoid } from "../log-sigmoid.ts";
import { projectionOptions } from "../projection.ts";
import { projected } from "./projected.ts";

/** log α = log σ(x) / divisor (GLA, arXiv 2312.06635); with a floor: α = floor + (1 − floor) σ(x) (HGRN2, arXiv 2404.07904). */
export const sigmoidal = kind(
  z.strictObject({
    kind: z.literal("sigmoid"),
    per: granularities,
    ...projectionOptions,
    divisor: z.number().positive().default(1),
    floor: z.number().gte(0).lt(1).default(0),
    /** First value of the projection's bias (default: it has none). */
    bias: z.number().optional(),
    /** One factor for all heads. */
    shared: z.boolean().default(false),
  }),
  ({ per: granularity, source, rank, divisor, floor, bias, shared }) =>
    projected(
      granularity,
      { source, rank },
      { shared, ...(bias !== undefined && { bias }) },
      () => ({}),
      (x) => ({
        decay: divide(floor === 0 ? logSigmoid(x) : log(add(multiply(sigmoid(x), 1 - floor), floor)), divisor),
      }),
    ),
);

/** log α = −exp(x + b) (RWKV-6, arXiv 2404.05892). */
export const exponential = kind(
  z.strictObject({
    kind: z.literal("exponential"),
    per: granularities,
    ...projectionOptions,
    bias: z.number().default(-4),
  }),
  ({ per: granularity, source, rank, bias }) =>
    projected(
      granularity,
      { source, rank },
      { bias },
      () => ({}),
      (x) => ({ decay: negate(exp(x)) }),
    ),
);

/** log α = lowest · σ(x + b) (RWKV-7, arXiv 2503.14456: lowest = −e^(−1/2)). */
export const scaled = kind(
  z.strictObject({
    kind: z.literal("scaled-sigmoid"),
    per: granularities,
    ...projectionOptions,
    lowest: z.number().negative().default(-Math.exp(-0.5)),
    bias: z.number().default(-2),
  }),
  ({ per: granularity, source, rank, lowest, bias }) =>
    projected(
      granularity,
      { source, rank },
      { bias },
      () => ({}),
      (x) => ({ decay: multiply(sigmoid(x), lowest) }),
    ),
);
