/** What the rest of the code knows of a token mixer: sizes, inputs, states and the names of its forms. */
import { dimension, type TensorType, type Value } from "../graph/index.ts";
import { MixerError } from "./errors.ts";

/** The sizes a mixer is built for. */
export interface MixerSizes {
  readonly batch: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; a divisor of `heads`. */
  readonly groups: number;
  /** Heads that queries and keys come in where values have more, `groups`: each is repeated once it is filtered. */
  readonly keyHeads?: number;
  /** Tokens of one call; for the state of a full window: the most tokens a sequence may have. */
  readonly length: number;
  /** Dimensions of a head's queries and keys. */
  readonly dim: number;
  /** Dimensions of a head's values (default: `dim`). */
  readonly valueDim?: number;
  /** Width of the stream, where gates are projected from it. */
  readonly hidden?: number;
}

/** Values a mixer carries from call to call, by the names of `stateLayout`; a sequence begins with zeros. */
export type MixerState = Readonly<Record<string, Value>>;

/** The types of a state's tensors, by name. */
export type StateLayout = Readonly<Record<string, TensorType>>;

/** Rotary tables of a call's positions, `[length, dim / 2]`. */
export interface Angles {
  readonly cos: Value;
  readonly sin: Value;
  /** The same with positions no higher than a cap: what is kept from the beginning then never seems farther away. */
  readonly cappedCos?: Value;
  readonly cappedSin?: Value;
}

/** All tables, made by their names. */
export function anglesOf<T = Value>(make: (name: keyof Angles) => T): Readonly<Record<keyof Angles, T>> {
  return { cos: make("cos"), sin: make("sin"), cappedCos: make("cappedCos"), cappedSin: make("cappedSin") };
}

/** The tables, each changed. */
export function mapAngles(angles: Angles, change: (table: Value) => Value): Angles {
  const { cos, sin, cappedCos, cappedSin } = angles;
  return {
    cos: change(cos),
    sin: change(sin),
    ...(cappedCos && { cappedCos: change(cappedCos) }),
    ...(cappedSin && { cappedSin: change(cappedSin) }),
  };
}

/** What a mixer reads. Queries and keys are already rotated where the spec's `rope` is "before", not elsewhere. */
export interface MixerInputs {
  /** `[batch, heads, length, dim]`, or with `keyHeads` for heads. */
  readonly queries: Value;
  /** `[batch, groups, length, dim]`, or with `keyHeads` for groups. */
  readonly keys: Value;
  /** `[batch, groups, length, valueDim]`. */
  readonly values: Value;
  /** What gates are made of, by the names of `mixerStreams`; their second axis from the end is the length. */
  readonly streams?: Readonly<Record<string, Value>>;
  /** Learned tensors, by the names of `mixerParameters`. */
  readonly parameters: Readonly<Record<string, Value>>;
  /** Angles of the call's positions, where the mixer rotates queries and keys itself. */
  readonly angles?: Angles;
  /** What earlier calls left; absent at the beginning of a sequence whose state nobody needs. */
  readonly state?: MixerState;
  /** How many of the tokens are real, `[batch]` int64; the rest are padding on the right. With a state, or both ways. */
  readonly count?: Value;
  /** Where the sequence's first token lies in its terrace block (default: so that blocks end with this call's tokens). */
  readonly phase?: number;
  /** Factors of the window's and the state's weight: 0 for linear leaves the window alone, 1e-9 for window the state. */
  readonly ablation?: { readonly window?: number; readonly linear?: number };
}

/** What a mixer computes. */
export interface MixerResult {
  /** `[batch, heads, length, valueDim]`. */
  readonly output: Value;
  /** The state after the call's real tokens, where one was given. */
  readonly state?: MixerState;
}

/** The ways to compute one mixer: all agree. */
export type Form = "parallel" | "chunked" | "step" | "fused";

/** All forms. */
export const forms: readonly Form[] = ["parallel", "chunked", "step", "fused"];

/** Dimensions of a head's values. */
export const valueDimOf = ({ dim, valueDim = dim }: MixerSizes): number => valueDim;

/** The sizes that a call's tensors have. Throws a MixerError where queries, keys and values do not fit each other. */
export function sizesOf({ queries, keys, values, streams = {} }: MixerInputs): MixerSizes {
  const [batch, heads, length, dim] = [0, 1, 2, 3].map((axis) => dimension(queries.shape, axis));
  const [keyBatch, groups = 1, keyLength, keyDim] = keys.shape;
  const [valueBatch, valueGroups, valueLength, valueDim] = values.shape;
  const fits =
    keyBatch === batch &&
    valueBatch === batch &&
    keyLength === length &&
    valueLength === length &&
    keyDim === dim &&
    (valueGroups === groups ? (heads ?? 0) % groups === 0 : heads === groups && (valueGroups ?? 0) % groups === 0);
  if (batch === undefined || heads === undefined || length === undefined || dim === undefined || !fits) {
    const shapes = [queries, keys, values].map(({ shape }) => `[${shape.join(", ")}]`).join(", ");
    throw new MixerError(`queries, keys and values of shapes ${shapes} do not fit each other`);
  }
  const hidden = streams.hidden?.shape[2];
  const own = valueDim === undefined || valueDim === dim ? {} : { valueDim };
  const all = valueGroups ?? groups;
  const shared = all === groups ? { heads, groups } : { heads: all, groups: all, keyHeads: groups };
  return { batch, ...shared, length, dim, ...own, ...(hidden !== undefined && { hidden }) };
}
