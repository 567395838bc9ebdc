/** Sums over all tokens up to each one, carried from call to call; or, for mixers that read both ways, over all tokens. */
import { add, cumulativeSum, max, maximum, slice, sum, type Value } from "../../graph/index.ts";
import { initialOf } from "./parts.ts";
import type { RecurrentState } from "./recurrence.ts";

/** Sums that each token sees, `[batch, heads, length or 1, width]`, and those after the last, `[batch, heads, 1, width]`. */
export interface RunningSums {
  readonly upTo: Value;
  readonly final: Value;
}

/** Which tokens each one sees. */
export interface Order {
  /** The sums of `x` `[batch, heads, length, width]`, from those that the state holds under `name`. */
  sums(x: Value, state: RecurrentState | undefined, name: string): RunningSums;
  /** How many tokens each one sees, of their places (0 for padding). */
  count(place: Value): Value;
}

/** Those up to itself. */
export const upToEach: Order = {
  sums: (x, state, name) => {
    const own = cumulativeSum(x, 2);
    const upTo = state === undefined ? own : add(own, initialOf(state, name));
    return { upTo, final: slice(upTo, 2, (x.shape[2] ?? 1) - 1) };
  },
  // Padding has no place; what is read there is nobody's.
  count: (place) => maximum(place, 1),
};

/** All of a call. */
export const overAll: Order = {
  sums: (x) => {
    const all = sum(x, [2]);
    return { upTo: all, final: all };
  },
  count: (place) => maximum(max(place, [2]), 1),
};
