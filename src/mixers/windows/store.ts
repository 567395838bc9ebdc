/** How a window keeps its keys and values from call to call: as they are, or rounded to 8 bits. */
import {
  absolute,
  cast,
  divide,
  max,
  maximum,
  multiply,
  round,
  type TensorType,
  type Value,
  withGradient,
} from "../../graph/index.ts";
import type { MixerState } from "../contract.ts";
import { MixerError } from "../errors.ts";

/** One way to keep vectors `[batch, groups, tokens, dim]`. */
export interface Store {
  /** The vectors as every query meets them, in all forms; the gradient passes as if they were as they came. */
  readonly rounded: (x: Value) => Value;
  /** The tensors that keep vectors of this shape, by name. */
  readonly layout: (name: string, shape: readonly number[]) => Readonly<Record<string, TensorType>>;
  /** Rounded vectors as those tensors. */
  readonly pack: (name: string, x: Value) => MixerState;
  /** The vectors of a state. Throws a MixerError where it lacks them. */
  readonly unpack: (name: string, state: MixerState) => Value;
}

/** A tensor of the state. Throws a MixerError where it was not given. */
export function carried(state: MixerState, name: string): Value {
  const value = state[name];
  if (value === undefined) throw new MixerError(`the mixer's state "${name}" was not given`);
  return value;
}

/** What a tensor of the newest tokens is called for those that stayed when they left. */
export const retainedName = (name: string): string => `retained${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** As they are. */
export const asTheyAre: Store = {
  rounded: (x) => x,
  layout: (name, shape) => ({ [name]: { dtype: "float32", shape } }),
  pack: (name, x) => ({ [name]: x }),
  unpack: (name, state) => carried(state, name),
};

/** The largest magnitude of 8-bit integers that lie evenly about zero. */
const largest = 127;

/** Vectors of zeros are divided by this. */
const smallest = 1e-30;

/** Integers, as real numbers, and what one of them stands for: the vector's largest element over 127. */
function quantized(x: Value): { readonly integers: Value; readonly units: Value } {
  const units = divide(maximum(max(absolute(x), [-1]), smallest), largest);
  return { integers: round(divide(x, units)), units };
}

const unitsOf = (name: string) => `${name}Units`;

/** 8 bits per element and one float per token and head: a quarter of the memory. */
const int8: Store = {
  rounded: (x) => {
    const { integers, units } = quantized(x);
    return withGradient(multiply(integers, units), [x], (upstream) => [upstream]);
  },
  layout: (name, shape) => ({
    [name]: { dtype: "int8", shape },
    [unitsOf(name)]: { dtype: "float32", shape: [...shape.slice(0, -1), 1] },
  }),
  pack: (name, x) => {
    const { integers, units } = quantized(x);
    return { [name]: cast(integers, "int8"), [unitsOf(name)]: units };
  },
  unpack: (name, state) => multiply(cast(carried(state, name), "float32"), carried(state, unitsOf(name))),
};

/** The stores that a spec may name. */
export const stores = { int8 } as const;
