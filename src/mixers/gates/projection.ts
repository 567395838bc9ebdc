/** Where a gate's numbers per token come from: a projection of the stream, the layer's own keys, or the caller. */
import { z } from "zod";
import { add, matmul, multiply, reshape, rmsNorm, transpose, type Value } from "../../graph/index.ts";
import { type MixerInputs, type MixerSizes, valueDimOf } from "../contract.ts";
import { MixerError } from "../errors.ts";
import { repeatHeads } from "../heads.ts";
import { learned, type Parameters } from "../parameter.ts";

/** Options of a gate's source, to be spread into a kind's schema. */
export const projectionOptions = {
  /**
   * `hidden`: projected from the stream; `keys`: the keys before rotation, as they are; `given`: a stream of the gate's name;
   * `learned`: the bias alone, the same for all tokens; `values`: projected from the head's own values (arXiv 2402.19427).
   */
  source: z.enum(["hidden", "keys", "given", "learned", "values"]).default("hidden"),
  /** Rank of the projection (default: full). */
  rank: z.number().int().positive().optional(),
};

/** Factor of a projection's numbers (default: none), to be spread into the schema of a kind that multiplies by it. */
export const factorOption = { factor: z.number().optional() };

/** A projection's numbers times their factor. */
export const timesFactor = (x: Value, factor = 1): Value => (factor === 1 ? x : multiply(x, factor));

const schema = z.strictObject(projectionOptions);

/** A gate's source. */
export type ProjectionOptions = z.output<typeof schema>;

/** Numbers per token, before any activation. */
export interface Projection {
  parameters(sizes: MixerSizes, width: number): Parameters;
  /** Shapes of the streams it reads. */
  streams(sizes: MixerSizes, width: number): Readonly<Record<string, readonly number[]>>;
  /** `[batch, heads, length, width]`; one batch and length where all tokens have the same. */
  read(inputs: MixerInputs, sizes: MixerSizes, width: number): Value;
}

/** How a projection begins. */
export interface ProjectionStart {
  /** First value of every bias (default: none is added). */
  readonly bias?: number;
  /** One number for all heads. */
  readonly shared?: boolean;
  /** Whether all numbers are zero at first. */
  readonly zero?: boolean;
  /** Epsilon of a norm between the two factors of a projection of values of lower rank (default: there is none). */
  readonly norm?: number | undefined;
}

const deviation = 0.02;

/** The width of the stream that gates are projected from. Throws a MixerError where it is not known. */
export function hiddenOf({ hidden }: MixerSizes): number {
  if (hidden === undefined)
    throw new MixerError("this mixer projects gates from the hidden state: sizes.hidden is missing");
  return hidden;
}

/** A stream of the call. Throws a MixerError where it was not given. */
export function streamOf({ streams }: Pick<MixerInputs, "streams">, name: string): Value {
  const value = streams?.[name];
  if (value === undefined) throw new MixerError(`the mixer's stream "${name}" was not given`);
  return value;
}

/** `[batch, length, heads · width]` as `[batch, heads, length, width]`. */
export function perHead(x: Value, heads: number): Value {
  const [batch = 1, length = 1] = x.shape;
  return transpose(reshape(x, [batch, length, heads, -1]), [0, 2, 1, 3]);
}

/** The source of the gate of the given name. */
export function projection(
  name: string,
  { source, rank }: ProjectionOptions,
  { bias, shared = false, zero = false, norm }: ProjectionStart = {},
): Projection {
  const heads = (sizes: MixerSizes) => (shared ? 1 : sizes.heads);
  const normal = { kind: "normal", deviation } as const;
  const last = zero ? ({ kind: "constant", value: 0 } as const) : normal;
  if (source === "given") {
    return {
      parameters: () => ({}),
      streams: (sizes, width) => ({ [name]: [sizes.batch, heads(sizes), sizes.length, width] }),
      read: (inputs) => streamOf(inputs, name),
    };
  }
  if (source === "keys") {
    return {
      parameters: () => ({}),
      streams: () => ({}),
      read: ({ keys }, sizes, width) => {
        if (width !== sizes.dim) throw new MixerError(`"${name}" made of keys has ${sizes.dim} numbers, not ${width}`);
        return repeatHeads(keys, sizes.heads);
      },
    };
  }
  const biasOf = (sizes: MixerSizes, width: number, value: number): Parameters => ({
    [`${name}.bias`]: { shape: [heads(sizes) * width], initial: { kind: "constant", value } },
  });
  if (source === "learned") {
    return {
      parameters: (sizes, width) => biasOf(sizes, width, bias ?? 0),
      streams: () => ({}),
      read: ({ parameters }, sizes, width) => reshape(learned(parameters, `${name}.bias`), [1, heads(sizes), 1, width]),
    };
  }
  if (source === "values" && rank !== undefined) return throughRank(name, rank, norm);
  if (source === "values") {
    return {
      parameters: (sizes, width) => ({
        [`${name}.weight`]: { shape: [sizes.heads, valueDimOf(sizes), width], initial: normal },
        ...(bias !== undefined && biasOf(sizes, width, bias)),
      }),
      streams: () => ({}),
      read: ({ parameters, values }, sizes, width) => {
        const made = matmul(repeatHeads(values, sizes.heads), learned(parameters, `${name}.weight`));
        if (bias === undefined) return made;
        return add(made, reshape(learned(parameters, `${name}.bias`), [1, sizes.heads, 1, width]));
      },
    };
  }
  const weights = (sizes: MixerSizes, columns: number): Parameters =>
    rank === undefined
      ? { [`${name}.weight`]: { shape: [hiddenOf(sizes), columns], initial: last } }
      : {
          [`${name}.down`]: { shape: [hiddenOf(sizes), rank], initial: normal },
          [`${name}.up`]: { shape: [rank, columns], initial: last },
        };
  return {
    parameters: (sizes, width) => ({
      ...weights(sizes, heads(sizes) * width),
      ...(bias !== undefined && biasOf(sizes, width, bias)),
    }),
    streams: (sizes) => ({ hidden: [sizes.batch, sizes.length, hiddenOf(sizes)] }),
    read: (inputs, sizes) => {
      const { parameters } = inputs;
      const hidden = streamOf(inputs, "hidden");
      const made =
        rank === undefined
          ? matmul(hidden, learned(parameters, `${name}.weight`))
          : matmul(matmul(hidden, learned(parameters, `${name}.down`)), learned(parameters, `${name}.up`));
      return perHead(bias === undefined ? made : add(made, learned(parameters, `${name}.bias`)), heads(sizes));
    },
  };
}

/** Of each head's own values, through so many numbers, maybe normed: Mamba's step sizes (arXiv 2312.00752, 2403.19887). */
function throughRank(name: string, rank: number, norm: number | undefined): Projection {
  const normal = { kind: "normal", deviation } as const;
  return {
    parameters: (sizes, width) => ({
      [`${name}.down`]: { shape: [sizes.heads, valueDimOf(sizes), rank], initial: normal },
      ...(norm !== undefined && { [`${name}.norm`]: { shape: [rank], initial: { kind: "constant", value: 1 } } }),
      [`${name}.up`]: { shape: [sizes.heads, rank, width], initial: normal },
    }),
    streams: () => ({}),
    read: ({ parameters, values }, sizes) => {
      const low = matmul(repeatHeads(values, sizes.heads), learned(parameters, `${name}.down`));
      const normed = norm === undefined ? low : rmsNorm(low, learned(parameters, `${name}.norm`), norm);
      return matmul(normed, learned(parameters, `${name}.up`));
    },
  };
}
