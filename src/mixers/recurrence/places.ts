/** Where a call's tokens stand in their sequence. */
import { add, cast, integers, less, reshape, type Value, where } from "../../graph/index.ts";
import type { Tokens } from "./recurrence.ts";

/**
 * How many tokens there are up to each, itself included, and 0 for padding: float `[batch or 1, 1, length, 1]`, exact up to 2²⁴.
 */
export function placesOf({ queries, seen, count }: Tokens): Value {
  const length = queries.shape[2] ?? 1;
  const indices = integers(Array.from({ length }, (_unused, index) => index));
  const own = reshape(indices, [1, 1, length, 1]);
  const over = (x: Value) => reshape(x, [-1, 1, 1, 1]);
  const place = cast(add(seen === undefined ? own : add(own, over(seen)), integers([1])), "float32");
  return count === undefined ? place : where(less(own, over(count)), place, 0);
}
