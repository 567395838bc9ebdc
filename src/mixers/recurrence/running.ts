/** Sums over all tokens up to each one, carried from call to call. */
import { add, cumulativeSum, slice, type Value } from "../../graph/index.ts";
import { initialOf } from "./parts.ts";
import type { RecurrentState } from "./recurrence.ts";

/** Sums up to each token, `[batch, heads, length, width]`, and after the last, `[batch, heads, 1, width]`. */
export interface RunningSums {
  readonly upTo: Value;
  readonly final: Value;
}

/** The running sums of `x` `[batch, heads, length, width]`, from the sums that the state holds under `name`. */
export function runningSums(x: Value, state: RecurrentState | undefined, name: string): RunningSums {
  const own = cumulativeSum(x, 2);
  const upTo = state === undefined ? own : add(own, initialOf(state, name));
  return { upTo, final: slice(upTo, 2, (x.shape[2] ?? 1) - 1) };
}
