/** Rules that keep all tokens and read each of them anew. */
import { z } from "zod";
import { exp, reshape, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import { type Projection, projection, projectionOptions } from "../gates/projection.ts";
import { countOf } from "../newest.ts";
import { learned, type Parameters } from "../parameter.ts";
import { covarying, localLinear } from "../recurrence/local-linear.ts";
import type { Recurrence } from "../recurrence/recurrence.ts";
import { same, type Write } from "./declared.ts";
import { placesOf } from "./place.ts";

/** What a rule reads beside the tokens' keys and values. */
interface Extras {
  readonly parameters?: (sizes: MixerSizes, features: number) => Parameters;
  readonly constants?: (parameters: MixerInputs["parameters"]) => Readonly<Record<string, Value>>;
  /** Gates of as many numbers as there are features. */
  readonly projections?: Readonly<Record<string, Projection>>;
}

/** A rule over all tokens, which bring their places. */
export function kept(recurrence: Recurrence, { parameters, constants, projections = {} }: Extras): Write {
  const entries = Object.entries(projections);
  return {
    parameters: (sizes, { features }) =>
      Object.assign({}, parameters?.(sizes, features), ...entries.map(([, each]) => each.parameters(sizes, features))),
    streams: (sizes, { features }) => Object.assign({}, ...entries.map(([, each]) => each.streams(sizes, features))),
    widths: same,
    write: (tokens, _decays, inputs, sizes) => {
      const features = tokens.keys.shape[3] ?? 1;
      const read = entries.map(([name, each]) => [name, each.read(inputs, sizes, features)] as const);
      return {
        ...tokens,
        gates: { ...tokens.gates, place: placesOf(inputs, sizes), ...Object.fromEntries(read) },
        constants: {
          ...constants?.(inputs.parameters),
          ...(inputs.count && { count: countOf(inputs, sizes.length) }),
        },
      };
    },
    recurrence: ({ per }, order) =>
      per === "none" && order === "after" ? recurrence : "it keeps all tokens, and reads each query's own among them",
  };
}

/** Softmax attention as a local linear regression (arXiv 2510.01450); the ridge λ is e to a learned number of each head. */
export const linear = kind(
  z.strictObject({
    kind: z.literal("local-linear"),
    /** λ at the beginning, against weights that sum to 1. */
    ridge: z.number().positive().default(1),
    /** Iterations of the solver (default: as many as solve exactly). */
    iterations: z.number().int().positive().optional(),
  }),
  ({ ridge, iterations }) =>
    kept(localLinear(iterations), {
      parameters: ({ heads }) => ({ ridge: { shape: [heads], initial: { kind: "constant", value: Math.log(ridge) } } }),
      constants: (parameters) => ({ ridge: exp(reshape(learned(parameters, "ridge"), [1, -1, 1, 1])) }),
    }),
);

/** Softmax attention less the covariance of its values with a learned slope along the keys; zero at first. */
export const covariance = kind(z.strictObject({ kind: z.literal("covariance"), ...projectionOptions }), (source) =>
  kept(covarying, { projections: { slope: projection("slope", source, { zero: true }) } }),
);
