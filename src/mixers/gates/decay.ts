/** The decay axis: how fast the state forgets, as logarithms of its factors. */
import { z } from "zod";
import {
  add,
  divide,
  exp,
  log,
  multiply,
  negate,
  numbers,
  reshape,
  sigmoid,
  softplus,
  type Value,
} from "../../graph/index.ts";
import { axis, kind } from "../axis.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import { learned, type Parameters } from "../parameter.ts";
import { type ProjectionOptions, projection, projectionOptions } from "./projection.ts";

/** What a factor multiplies: nothing, a head's whole state, its rows (`feature`), its columns (`value`) or single elements (`cell`). */
export type Granularity = "none" | "head" | "feature" | "value" | "cell";

/** How many numbers per token and head the gates of a state have. */
export interface GateWidths {
  readonly features: number;
  readonly values: number;
}

/** A decay's numbers for the tokens of a call. */
export interface Decays {
  /** log α ≤ 0, `[batch or 1, heads, length or 1, width]`. */
  readonly decay: Value;
  /** The step sizes that the decay was made of, where values are scaled by them too `[batch, heads, length, width]`. */
  readonly step?: Value;
}

/** What a kind of decay declares. */
export interface Decay {
  readonly per: Granularity;
  parameters(sizes: MixerSizes, widths: GateWidths): Parameters;
  streams(sizes: MixerSizes, widths: GateWidths): Readonly<Record<string, readonly number[]>>;
  /** Absent where nothing decays. */
  read?(inputs: MixerInputs, sizes: MixerSizes, widths: GateWidths): Decays;
}

const per = z.enum(["head", "feature", "value", "cell"]);

const widths: Readonly<Record<Granularity, (widths: GateWidths) => number>> = {
  none: () => 1,
  head: () => 1,
  feature: ({ features }) => features,
  value: ({ values }) => values,
  cell: ({ features, values }) => features * values,
};

const widthOf = (granularity: Granularity, of: GateWidths) => widths[granularity](of);

const none = kind(
  z.strictObject({ kind: z.literal("none") }),
  (): Decay => ({ per: "none", parameters: () => ({}), streams: () => ({}) }),
);

/** Log decays of the heads, by published lists of slopes. */
const slopes: Readonly<Record<string, (heads: number, options: { layer: number; layers: number }) => Value>> = {
  // γ = 1 − 2^(−5 − h) (arXiv 2307.08621).
  retnet: (heads) => log(numbers(Array.from({ length: heads }, (_unused, head) => 1 - 2 ** (-5 - head)))),
  // 2^(−8 (h + 1) / H) (arXiv 2108.12409).
  alibi: (heads) => numbers(Array.from({ length: heads }, (_unused, head) => -(2 ** ((-8 * (head + 1)) / heads)))),
  // (8 / H) (1 − l / L) h (arXiv 2405.17381): the first head never forgets.
  lightning: (heads, { layer, layers }) =>
    numbers(Array.from({ length: heads }, (_unused, head) => -(8 / heads) * (1 - layer / layers) * head)),
  // 2^(−8 (h + 1) / H) (1 − l / (L − 1 + 1e-5) + 1e-5) (arXiv 2501.08313).
  minimax: (heads, { layer, layers }) =>
    numbers(
      Array.from({ length: heads }, (_unused, head) => {
        const slope = 2 ** ((-8 * (head + 1)) / heads);
        return -slope * (1 - layer / (layers - 1 + 1e-5) + 1e-5);
      }),
    ),
};

/** Constant factors per head. */
const constant = kind(
  z.strictObject({
    kind: z.literal("constant"),
    slopes: z.enum(["retnet", "alibi", "lightning", "minimax"]),
    layer: z.number().int().nonnegative().default(0),
    layers: z.number().int().positive().default(1),
  }),
  (options): Decay => ({
    per: "head",
    parameters: () => ({}),
    streams: () => ({}),
    read: (_inputs, { heads }) => {
      const list = slopes[options.slopes]?.(heads, options);
      if (list === undefined) throw new TypeError("the schema lists all slopes");
      return { decay: reshape(list, [1, heads, 1, 1]) };
    },
  }),
);

/** A decay projected from the tokens, and what makes its logarithm of the projection's numbers. */
function projected(
  granularity: Granularity,
  source: ProjectionOptions,
  start: { bias?: number; shared?: boolean },
  own: (sizes: MixerSizes, widths: GateWidths) => Parameters,
  activate: (x: Value, parameters: MixerInputs["parameters"]) => Decays,
): Decay {
  const from = projection("decay", source, start);
  return {
    per: granularity,
    parameters: (sizes, widths) => ({
      ...from.parameters(sizes, widthOf(granularity, widths)),
      ...own(sizes, widths),
    }),
    streams: (sizes, widths) => from.streams(sizes, widthOf(granularity, widths)),
    read: (inputs, sizes, widths) =>
      activate(from.read(inputs, sizes, widthOf(granularity, widths)), inputs.parameters),
  };
}

/** log α itself, given. */
const given = kind(z.strictObject({ kind: z.literal("given"), per }), ({ per: granularity }) =>
  projected(
    granularity,
    { source: "given" },
    {},
    () => ({}),
    (decay) => ({ decay }),
  ),
);

/** log σ(x), without overflow. */
export const logSigmoid = (x: Value): Value => negate(softplus(negate(x)));

/** log α = log σ(x) / divisor (GLA, arXiv 2312.06635); with a floor: α = floor + (1 − floor) σ(x) (HGRN2, arXiv 2404.07904). */
const sigmoidal = kind(
  z.strictObject({
    kind: z.literal("sigmoid"),
    per,
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

/** The rate exp(a) of each head, shaped for gates. */
function ratesOf(parameters: MixerInputs["parameters"]): Value {
  return exp(reshape(learned(parameters, "decay.rate"), [1, -1, 1, 1]));
}

const rate = ({ heads }: MixerSizes): Parameters => ({
  "decay.rate": { shape: [heads], initial: { kind: "constant", value: 0 } },
});

/** The bias of each head's step sizes. */
function stepBias(parameters: MixerInputs["parameters"], heads: number): Value {
  return reshape(learned(parameters, "decay.stepBias"), [1, heads, 1, -1]);
}

const stepBiases = (granularity: Granularity) => (sizes: MixerSizes, widths: GateWidths) => ({
  ...rate(sizes),
  "decay.stepBias": {
    shape: [sizes.heads * widthOf(granularity, widths)],
    initial: { kind: "constant", value: -4 } as const,
  },
});

/** log α = −exp(a) Δ, Δ = softplus(x + b) (Mamba-2, arXiv 2405.21060; KDA, arXiv 2510.26692). */
const stepped = kind(
  z.strictObject({
    kind: z.literal("step"),
    per: z.enum(["head", "feature"]).default("head"),
    ...projectionOptions,
  }),
  ({ per: granularity, source, rank }) =>
    projected(granularity, { source, rank }, {}, stepBiases(granularity), (x, parameters) => {
      const step = softplus(add(x, stepBias(parameters, x.shape[1] ?? 1)));
      return { decay: negate(multiply(ratesOf(parameters), step)), step };
    }),
);

/** log α_cn = −exp(a_cn) Δ_c of values c and features n, Δ = softplus(x + b) (Mamba, arXiv 2312.00752). */
const selective = kind(
  z.strictObject({ kind: z.literal("selective"), ...projectionOptions }),
  ({ source, rank }): Decay => {
    const from = projection("decay", { source, rank });
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
const bounded = kind(
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

/** log α = −exp(x + b) (RWKV-6, arXiv 2404.05892). */
const exponential = kind(
  z.strictObject({
    kind: z.literal("exponential"),
    per,
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
const scaled = kind(
  z.strictObject({
    kind: z.literal("scaled-sigmoid"),
    per,
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

/** log α = −c σ(x) softplus(Λ) of learned Λ per value (RG-LRU, arXiv 2402.19427). */
const powered = kind(
  z.strictObject({
    kind: z.literal("powered"),
    ...projectionOptions,
    power: z.number().positive().default(8),
    bias: z.number().default(0),
  }),
  ({ source, rank, power, bias }) =>
    projected(
      "value",
      { source, rank },
      { bias },
      // α of a gate half open begins as e^(−8 · ½ · softplus(−4)), about 0.93.
      ({ heads }, of) => ({ "decay.rate": { shape: [heads, of.values], initial: { kind: "constant", value: -4 } } }),
      (x, parameters) => {
        const rates = softplus(reshape(learned(parameters, "decay.rate"), [1, x.shape[1] ?? 1, 1, -1]));
        return { decay: multiply(negate(multiply(sigmoid(x), rates)), power) };
      },
    ),
);

/** All decays. */
export const decays = axis({
  none,
  constant,
  given,
  sigmoid: sigmoidal,
  step: stepped,
  selective,
  bounded,
  exponential,
  "scaled-sigmoid": scaled,
  powered,
});
