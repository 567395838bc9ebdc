/** The derived axis: queries and keys that are made of the filtered values (Mamba, arXiv 2312.00752). */
import { z } from "zod";
import { matmul, rmsNorm } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import { type MixerInputs, type MixerSizes, valueDimOf } from "./contract.ts";
import { MixerError } from "./errors.ts";
import { repeatHeads } from "./heads.ts";
import { learned, type Parameters } from "./parameter.ts";

/** What a kind of derived tokens declares. */
export interface Derived {
  /** Dimensions of queries and keys. */
  readonly size: number;
  parameters(sizes: MixerSizes): Parameters;
  /** The sizes of a call, whose queries and keys only tell their heads. */
  sizes(inputs: MixerInputs): MixerSizes;
  /** The call's inputs with queries and keys. */
  apply(inputs: MixerInputs, sizes: MixerSizes): MixerInputs;
}

const parts = ["queries", "keys"] as const;

/** q = v W_q, k = v W_k of each head, with norms of their own on request (Jamba, arXiv 2403.19887). */
const ofValues = kind(
  z.strictObject({
    kind: z.literal("values"),
    /** Dimensions of queries and keys. */
    size: z.number().int().positive(),
    /** Epsilon of the norms (default: there are none). */
    norm: z.number().positive().optional(),
  }),
  ({ size, norm }): Derived => ({
    size,
    parameters: (sizes) =>
      Object.assign(
        {},
        ...parts.map((part) => ({
          [`derived.${part}`]: {
            shape: [part === "queries" ? sizes.heads : sizes.groups, valueDimOf(sizes), size],
            initial: { kind: "normal", deviation: valueDimOf(sizes) ** -0.5 },
          },
          ...(norm !== undefined && {
            [`derived.${part}.norm`]: { shape: [size], initial: { kind: "constant", value: 1 } },
          }),
        })),
      ),
    sizes: ({ queries, values, streams = {} }) => {
      const [batch, groups, length, valueDim] = values.shape;
      const heads = queries.shape[1];
      if (batch === undefined || groups === undefined || length === undefined || valueDim === undefined || !heads)
        throw new MixerError(`values of shape [${values.shape.join(", ")}] have no heads`);
      const hidden = streams.hidden?.shape[2];
      return { batch, heads, groups, length, dim: size, valueDim, ...(hidden !== undefined && { hidden }) };
    },
    apply: (inputs, { heads, groups }) => {
      const made = parts.map((part) => {
        const values = repeatHeads(inputs.values, part === "queries" ? heads : groups);
        const product = matmul(values, learned(inputs.parameters, `derived.${part}`));
        if (norm === undefined) return [part, product] as const;
        return [part, rmsNorm(product, learned(inputs.parameters, `derived.${part}.norm`), norm)] as const;
      });
      return { ...inputs, ...Object.fromEntries(made) };
    },
  }),
);

/** All ways of deriving queries and keys. */
export const deriveds = axis({ values: ofValues });
