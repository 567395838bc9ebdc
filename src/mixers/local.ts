/** The local axis: a depthwise convolution of the values, added to the output: it restores what few features blur. */
import { z } from "zod";
import {
  add,
  concat,
  integers,
  less,
  multiply,
  pad,
  reshape,
  scalar,
  slice,
  type Value,
  where,
} from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import { type MixerInputs, type MixerSizes, type MixerState, type StateLayout, valueDimOf } from "./contract.ts";
import { countOf, newest } from "./newest.ts";
import { learned, type Parameters } from "./parameter.ts";

/** What a kind of local term declares. */
export interface Local {
  /** Whether tokens read later ones. */
  readonly ahead: boolean;
  parameters(sizes: MixerSizes): Parameters;
  state(sizes: MixerSizes): StateLayout;
  /** What is added to the output, `[batch, groups, length, valueDim]`, and what later calls need. */
  apply(inputs: MixerInputs, sizes: MixerSizes): { readonly term: Value; readonly state: MixerState };
}

/** One factor per channel for each tap, all zero at first: nothing is added until it is learned. */
const taps = (sizes: MixerSizes, ...shape: readonly number[]): Parameters => ({
  local: { shape: [sizes.groups, valueDimOf(sizes), ...shape], initial: { kind: "constant", value: 0 } },
});

const sumOf = (terms: readonly Value[]): Value => terms.reduce((total, term) => add(total, term));

/** The newest `size` tokens, as the short convolutions of language models. */
const depthwise = kind(
  z.strictObject({ kind: z.literal("depthwise"), size: z.number().int().min(2).default(4) }),
  ({ size }): Local => ({
    ahead: false,
    parameters: (sizes) => taps(sizes, size),
    state: (sizes) => ({
      local: { dtype: "float32", shape: [sizes.batch, sizes.groups, size - 1, valueDimOf(sizes)] },
    }),
    apply: (inputs, sizes) => {
      const { values, parameters, state } = inputs;
      const [batch = 1, groups = 1, length = 1, dim = 1] = values.shape;
      const all = concat([state?.local ?? scalar(0, [batch, groups, size - 1, dim]), values], 2);
      const weight = learned(parameters, "local");
      const term = (tap: number) =>
        multiply(slice(all, 2, tap, tap + length), reshape(slice(weight, 2, tap, tap + 1), [1, groups, 1, dim]));
      const count = inputs.count && countOf(inputs, sizes.length);
      return {
        term: sumOf(Array.from({ length: size }, (_unused, tap) => term(tap))),
        state: { local: newest(all, size - 1, count) },
      };
    },
  }),
);

/** Values of real tokens; zeros for padding. */
function realValues(inputs: MixerInputs, { batch, length }: MixerSizes): Value {
  if (inputs.count === undefined) return inputs.values;
  const place = reshape(integers(Array.from({ length }, (_unused, index) => index)), [1, 1, length, 1]);
  return where(less(place, reshape(countOf(inputs, length), [batch, 1, 1, 1])), inputs.values, 0);
}

/** A square of `size` × `size` around each token, where tokens fill the rows of a grid (SLAB, LiT, MALA's LePE). */
const grid = kind(
  z.strictObject({
    kind: z.literal("grid"),
    /** Tokens of a row of the grid; the last row may be shorter. */
    columns: z.number().int().positive().default(16),
    size: z
      .number()
      .int()
      .positive()
      .refine((size) => size % 2 === 1, "the square around a token has an odd size")
      .default(5),
  }),
  ({ columns, size }): Local => ({
    ahead: true,
    parameters: (sizes) => taps(sizes, size, size),
    state: () => ({}),
    apply: (inputs, sizes) => {
      const { groups, length } = sizes;
      const values = realValues(inputs, sizes);
      const [batch = 1, , , dim = 1] = values.shape;
      const [rows, reach] = [Math.ceil(length / columns), (size - 1) / 2];
      const cells = reshape(pad(values, 2, 0, rows * columns - length), [batch, groups, rows, columns, dim]);
      const around = pad(pad(cells, 2, reach, reach), 3, reach, reach);
      const weight = learned(inputs.parameters, "local");
      const term = (down: number, right: number) => {
        const near = slice(slice(around, 2, down, down + rows), 3, right, right + columns);
        const factor = slice(slice(weight, 2, down, down + 1), 3, right, right + 1);
        return multiply(near, reshape(factor, [1, groups, 1, 1, dim]));
      };
      const places = Array.from({ length: size * size }, (_unused, place) =>
        term(Math.floor(place / size), place % size),
      );
      const joined = reshape(sumOf(places), [batch, groups, rows * columns, dim]);
      return { term: slice(joined, 2, 0, length), state: {} };
    },
  }),
);

/** All local terms: the newest tokens (`depthwise`), or a square on a `grid`. */
export const locals = axis({ depthwise, grid });
