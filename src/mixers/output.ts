/** The output axes: a norm of the heads' outputs, and a gate on them. */
import { z } from "zod";
import {
  add,
  divide,
  mean,
  multiply,
  reshape,
  rmsNorm,
  sigmoid,
  silu,
  sqrt,
  subtract,
  transpose,
  type Value,
} from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import { type MixerInputs, type MixerSizes, valueDimOf } from "./contract.ts";
import { factorOption, projection, projectionOptions, timesFactor } from "./gates/projection.ts";
import { learned, type Parameters } from "./parameter.ts";

/** A step after the branches are combined. */
export interface OutputStage {
  parameters(sizes: MixerSizes): Parameters;
  streams(sizes: MixerSizes): Readonly<Record<string, readonly number[]>>;
  /** From `[batch, heads, length, valueDim]` to the same shape. */
  apply(output: Value, inputs: MixerInputs, sizes: MixerSizes): Value;
}

const epsilon = z.number().positive().default(1e-5);

/** x / √(mean x² + ε) of each head, or of all heads together, times a learned scale. */
const rms = kind(
  z.strictObject({
    kind: z.literal("rms"),
    epsilon,
    over: z.enum(["head", "heads"]).default("head"),
    /** Parts that all heads together are cut into, each with a norm of its own. */
    parts: z.number().int().positive().default(1),
    /** silu before the norm (GSA). */
    silu: z.boolean().default(false),
    /** Whether a scale is learned. */
    scale: z.boolean().default(true),
  }),
  ({ epsilon: tiny, over, parts, silu: activated, scale }): OutputStage => {
    const width = (sizes: MixerSizes) => (over === "head" ? 1 : sizes.heads) * valueDimOf(sizes);
    return {
      parameters: (sizes) =>
        scale ? { "outputNorm.scale": { shape: [width(sizes)], initial: { kind: "constant", value: 1 } } } : {},
      streams: () => ({}),
      apply: (output, { parameters }, sizes) => {
        const x = activated ? silu(output) : output;
        const normal = (rows: Value) => divide(rows, sqrt(add(mean(multiply(rows, rows), [-1]), tiny)));
        const norm = (rows: Value) =>
          scale ? rmsNorm(rows, learned(parameters, "outputNorm.scale"), tiny) : normal(rows);
        if (over === "head") return norm(x);
        const { batch, heads, length } = sizes;
        const whole = [batch, length, heads * valueDimOf(sizes)];
        const joined = reshape(transpose(x, [0, 2, 1, 3]), whole);
        const apart = () => {
          const each = reshape(normal(reshape(joined, [batch, length, parts, -1])), whole);
          return scale ? multiply(each, learned(parameters, "outputNorm.scale")) : each;
        };
        return transpose(reshape(parts === 1 ? norm(joined) : apart(), [batch, length, heads, -1]), [0, 2, 1, 3]);
      },
    };
  },
);

/** (x − mean) / √(variance + ε) of each head (SUPRA, arXiv 2405.06640; RWKV), with learned scale and shift on request. */
const group = kind(
  z.strictObject({ kind: z.literal("group"), epsilon, affine: z.boolean().default(false) }),
  ({ epsilon: tiny, affine }): OutputStage => ({
    parameters: (sizes) => {
      const shape = [sizes.heads, valueDimOf(sizes)];
      if (!affine) return {};
      return {
        "outputNorm.scale": { shape, initial: { kind: "constant", value: 1 } },
        "outputNorm.shift": { shape, initial: { kind: "constant", value: 0 } },
      };
    },
    streams: () => ({}),
    apply: (output, { parameters }, sizes) => {
      const centred = subtract(output, mean(output, [-1]));
      const normal = divide(centred, sqrt(add(mean(multiply(centred, centred), [-1]), tiny)));
      if (!affine) return normal;
      const part = (name: string) => reshape(learned(parameters, name), [1, sizes.heads, 1, valueDimOf(sizes)]);
      return add(multiply(normal, part("outputNorm.scale")), part("outputNorm.shift"));
    },
  }),
);

/** All output norms. */
export const outputNorms = axis({ rms, group });

const activations = { silu, sigmoid, none: (x: Value) => x } as const;

/** Multiplies the output by an activation of a projection of the stream. */
const projected = kind(
  z.strictObject({
    kind: z.literal("projected"),
    ...projectionOptions,
    ...factorOption,
    activation: z.enum(["silu", "sigmoid", "none"]).default("silu"),
    /** First value of the projection's bias (default: it has none). */
    bias: z.number().optional(),
    /** Whether the norm comes first (default), or the gate (Mamba-2). */
    order: z.enum(["after-norm", "before-norm"]).default("after-norm"),
  }),
  ({ source, rank, factor, activation, bias, order }): OutputStage & { readonly first: boolean } => {
    const from = projection("outputGate", { source, rank }, bias === undefined ? {} : { bias });
    return {
      first: order === "before-norm",
      parameters: (sizes) => from.parameters(sizes, valueDimOf(sizes)),
      streams: (sizes) => from.streams(sizes, valueDimOf(sizes)),
      apply: (output, inputs, sizes) =>
        multiply(output, activations[activation](timesFactor(from.read(inputs, sizes, valueDimOf(sizes)), factor))),
    };
  },
);

/** All output gates. */
export const outputGates = axis({ projected });
