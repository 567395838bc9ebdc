/** Rules that keep all tokens and read each of them anew. */
import { z } from "zod";
import { exp, max, reshape, sigmoid, subtract, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import type { GateWidths } from "../gates/decay.ts";
import { type Projection, projection, projectionOptions } from "../gates/projection.ts";
import { learned, type Parameters } from "../parameter.ts";
import { banded } from "../recurrence/banded.ts";
import { estimated } from "../recurrence/estimated.ts";
import { covarying, localLinear } from "../recurrence/local-linear.ts";
import type { Recurrence } from "../recurrence/recurrence.ts";
import { relative } from "../recurrence/relative.ts";
import { summarised } from "../recurrence/summarised.ts";
import { same, type Write } from "./declared.ts";

/** What a rule reads beside the tokens' keys and values. */
interface Extras {
  readonly parameters?: (sizes: MixerSizes, widths: GateWidths) => Parameters;
  readonly constants?: (parameters: MixerInputs["parameters"]) => Readonly<Record<string, Value>>;
  /** Gates of as many numbers as there are features. */
  readonly projections?: Readonly<Record<string, Projection>>;
}

/** A rule over all tokens. */
export function kept(recurrence: Recurrence, { parameters, constants, projections = {} }: Extras): Write {
  const entries = Object.entries(projections);
  return {
    parameters: (sizes, widths) =>
      Object.assign(
        {},
        parameters?.(sizes, widths),
        ...entries.map(([, each]) => each.parameters(sizes, widths.features)),
      ),
    streams: (sizes, { features }) => Object.assign({}, ...entries.map(([, each]) => each.streams(sizes, features))),
    widths: same,
    write: (tokens, _decays, inputs, sizes) => {
      const features = tokens.keys.shape[3] ?? 1;
      const read = entries.map(([name, each]) => [name, each.read(inputs, sizes, features)] as const);
      return {
        ...tokens,
        gates: { ...tokens.gates, ...Object.fromEntries(read) },
        ...(constants && { constants: constants(inputs.parameters) }),
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

/** Linear attention weighed by distance (NPRF, arXiv 2106.12566): one learned number per head and distance, all alike at first. */
export const distance = kind(
  z.strictObject({
    kind: z.literal("distance"),
    /** Distances with a number of their own; the last serves all beyond. */
    span: z.number().int().min(2).default(128),
    /** How tokens beyond are summed: by a state, which forgets where they were, or by Fourier transforms over all tokens, kept. */
    far: z.enum(["state", "transform"]).default("state"),
  }),
  ({ span, far }) =>
    kept(far === "state" ? banded(span) : relative, {
      parameters: ({ heads }) => ({ distances: { shape: [heads, span], initial: { kind: "constant", value: 0 } } }),
      constants: (parameters) => {
        const biases = learned(parameters, "distances");
        // A factor of all weights, which their normalization cancels.
        return { distances: reshape(exp(subtract(biases, max(biases, [-1]))), [1, -1, span, 1]) };
      },
    }),
);

/** Sparse attention by an estimated mask (SEA, arXiv 2310.01777), beside the mean of all values. */
export const mask = kind(
  z.strictObject({
    kind: z.literal("estimated-mask"),
    /** Columns of the estimated map. */
    columns: z.number().int().min(2).default(128),
    /** Columns that a query reads. */
    top: z.number().int().positive().default(8),
  }),
  ({ columns, top }) => {
    const weight = (parameters: MixerInputs["parameters"], name: string) =>
      reshape(sigmoid(learned(parameters, name)), [1, -1, 1, 1]);
    return kept(estimated(top), {
      parameters: ({ heads }, { features, values }) => ({
        estimator: { shape: [heads, values + features, columns], initial: { kind: "normal", deviation: 0.02 } },
        sparseWeight: { shape: [heads], initial: { kind: "constant", value: 4 } },
        meanWeight: { shape: [heads], initial: { kind: "constant", value: -4 } },
      }),
      constants: (parameters) => ({
        estimator: learned(parameters, "estimator"),
        sparse: weight(parameters, "sparseWeight"),
        mean: weight(parameters, "meanWeight"),
      }),
    });
  },
);

/** Own block exactly, earlier blocks as summaries (Combiner's fixed pattern, arXiv 2107.05768). */
export const blocks = kind(
  z.strictObject({ kind: z.literal("block-summaries"), size: z.number().int().min(2).default(64) }),
  ({ size }) => kept(summarised(size), {}),
);
