/** The convolution axis: short causal filters on queries, keys and values, before anything else. */
import { z } from "zod";
import { add, concat, multiply, reshape, scalar, silu, slice, type Value } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import { type MixerInputs, type MixerSizes, type MixerState, type StateLayout, valueDimOf } from "./contract.ts";
import { countOf, newest } from "./newest.ts";
import { learned, type Parameters } from "./parameter.ts";

/** What a kind of convolution declares. */
export interface Convolution {
  parameters(sizes: MixerSizes): Parameters;
  state(sizes: MixerSizes): StateLayout;
  /** The call's inputs with filtered tokens, and the tokens that later calls need. */
  apply(inputs: MixerInputs, sizes: MixerSizes): { readonly inputs: MixerInputs; readonly state: MixerState };
}

const parts = ["queries", "keys", "values"] as const;

/** One filter of `size` taps per channel. */
const depthwise = kind(
  z.strictObject({
    kind: z.literal("depthwise"),
    size: z.number().int().min(2).default(4),
    activation: z.enum(["none", "silu"]).default("silu"),
    on: z
      .array(z.enum(parts))
      .min(1)
      .default([...parts]),
    bias: z.boolean().default(false),
  }),
  ({ size, activation, on, bias }): Convolution => {
    const channels = (part: (typeof parts)[number], sizes: MixerSizes) => {
      const { heads, groups, dim, keyHeads } = sizes;
      if (part === "values") return [groups, valueDimOf(sizes)];
      return [keyHeads ?? (part === "queries" ? heads : groups), dim];
    };
    const each = <T>(make: (part: (typeof parts)[number]) => Record<string, T>): Record<string, T> =>
      Object.assign({}, ...on.map(make));
    const filtered = (x: Value, part: string, { parameters, state }: MixerInputs): { x: Value; all: Value } => {
      const [batch = 1, heads = 1, length = 1, dim = 1] = x.shape;
      const before = state?.[`convolution.${part}`] ?? scalar(0, [batch, heads, size - 1, dim]);
      const all = concat([before, x], 2);
      const weight = learned(parameters, `convolution.${part}`);
      const taps = Array.from({ length: size }, (_unused, tap) =>
        multiply(slice(all, 2, tap, tap + length), reshape(slice(weight, 2, tap, tap + 1), [1, heads, 1, dim])),
      );
      const shift = bias ? [reshape(learned(parameters, `convolution.${part}.bias`), [1, heads, 1, dim])] : [];
      const sum = [...taps, ...shift].reduce((total, tap) => add(total, tap));
      return { x: activation === "silu" ? silu(sum) : sum, all };
    };
    return {
      parameters: (sizes) =>
        each((part) => ({
          [`convolution.${part}`]: { shape: [...channels(part, sizes), size], initial: { kind: "lastColumn" } },
          ...(bias && {
            [`convolution.${part}.bias`]: { shape: channels(part, sizes), initial: { kind: "constant", value: 0 } },
          }),
        })),
      state: (sizes) =>
        each((part) => {
          const [heads = 1, dim = 1] = channels(part, sizes);
          return { [`convolution.${part}`]: { dtype: "float32", shape: [sizes.batch, heads, size - 1, dim] } };
        }),
      apply: (inputs, sizes) => {
        const made = on.map((part) => [part, filtered(inputs[part], part, inputs)] as const);
        const count = inputs.count && countOf(inputs, sizes.length);
        return {
          inputs: { ...inputs, ...Object.fromEntries(made.map(([part, { x }]) => [part, x])) },
          state: Object.fromEntries(
            made.map(([part, { all }]) => [`convolution.${part}`, newest(all, size - 1, count)]),
          ),
        };
      },
    };
  },
);

/** All convolutions. */
export const convolutions = axis({ depthwise });
