/** Tokens that stay when they leave a window: what a state holds of them, and which ones it holds next. */
import {
  add,
  concat,
  integers,
  less,
  reshape,
  rows,
  slice,
  subtract,
  topIndices,
  type Value,
  where,
} from "../../graph/index.ts";
import type { MixerInputs, MixerSizes, MixerState } from "../contract.ts";
import { newest } from "../newest.ts";
import { hidden } from "../recurrence/triangle.ts";
import { carried, endOfGone, gone, type Retention, retainedName, type Window } from "../windows/index.ts";
import type { Timeline } from "./timeline.ts";

/** The tokens of a state that stayed when they left. */
export interface RetainedTokens {
  readonly keys: Value;
  readonly values: Value;
  readonly count: number;
  /** The places of all keys of a call, from those of the newest: `[batch, 1, keys]`, negative for keys that are not there. */
  readonly placesWith: (newest: Value) => Value;
}

const ascending = (count: number) => integers(Array.from({ length: count }, (_unused, index) => index));

/** What a state retains. All that matters of a token's place is that it left the window: the first it can have stands for it. */
export function retainedTokens(
  { store, first }: Window,
  retention: Retention,
  state: MixerState,
  seen: Value,
): RetainedTokens {
  const { tokens } = retention;
  const end = endOfGone(subtract(seen, integers([1])), retention);
  const left = subtract(end, integers([first]));
  const places = where(less(reshape(ascending(tokens), [1, 1, tokens]), left), integers([first]), integers([-1]));
  return {
    keys: store.unpack(retainedName("keys"), state),
    values: store.unpack(retainedName("values"), state),
    count: tokens,
    // What has left the window and is still among the newest was chosen or lost already.
    placesWith: (newest) => concat([places, where(less(newest, end), integers([-1]), newest)], 2),
  };
}

/** What a call's keys are worth, those of its state included: `[batch, groups, 1, keys]`. */
export function salienceOf(
  { first }: Window,
  retention: Retention,
  inputs: MixerInputs,
  sizes: MixerSizes,
  seen: Value,
): Value {
  const { batch, groups, length } = sizes;
  const places = add(reshape(seen, [-1, 1, 1, 1]), reshape(ascending(length), [1, 1, length, 1]));
  // Tokens that are kept apart take no place among those that stay.
  const own = where(less(places, integers([first])), hidden, retention.salience(inputs, sizes, places));
  const { state } = inputs;
  const all = state ? concat([carried(state, retainedName("salience")), carried(state, "salience"), own], 2) : own;
  return reshape(all, [batch, groups, 1, -1]);
}

/** The tokens that stay after a call, of those that it began with and all that have left since, and the salience of the newest. */
export function retainedState(
  retention: Retention,
  { keyPositions, salience, kept }: Pick<Timeline, "keyPositions" | "kept"> & { readonly salience?: Value },
  { state = {}, count }: MixerInputs,
  own: MixerState,
  seen: Value,
): MixerState {
  if (salience === undefined) throw new TypeError("a timeline of a window that retains tokens has their salience");
  const [batch = 1, groups = 1, , keys = 1] = salience.shape;
  const end = endOfGone(subtract(reshape(seen, [-1, 1, 1, 1]), integers([1])), retention);
  const positions = reshape(keyPositions, [-1, 1, 1, keys]);
  const stay = topIndices(where(gone(positions, end), salience, hidden), retention.tokens);
  const starts = integers(Array.from({ length: batch * groups }, (_unused, index) => index * keys));
  const places = add(stay, reshape(starts, [batch, groups, 1, 1]));
  const chosen = (all: Value) =>
    rows(reshape(all, [batch * groups * keys, -1]), reshape(places, [batch, groups, retention.tokens]));
  const column = reshape(salience, [batch, groups, keys, 1]);
  const tokens = Object.entries(own).map(([name, x]): [string, Value] => {
    const called = retainedName(name);
    return [called, chosen(concat([carried(state, called), carried(state, name), x], 2))];
  });
  return {
    ...Object.fromEntries(tokens),
    [retainedName("salience")]: chosen(column),
    salience: newest(slice(column, 2, retention.tokens), kept, count),
  };
}
