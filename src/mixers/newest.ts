/** The newest real tokens of a call, for the calls after it. */
import { add, integers, reshape, rows, slice, type Value } from "../graph/index.ts";
import type { MixerInputs } from "./contract.ts";

/** The tokens of the call that are real: `count`, or all. */
export function countOf({ count }: MixerInputs, length: number): Value {
  return count ?? integers([length]);
}

/**
 * The last `kept` places of `all` `[batch, heads, kept + length, dim]`, whose first `kept` came before the call; with a
 * `count` of real tokens `[batch]`, the last ones up to those.
 */
export function newest(all: Value, kept: number, count?: Value): Value {
  const [batch = 1, heads = 1, total = 0, dim = 1] = all.shape;
  if (count === undefined) return slice(all, 2, total - kept);
  const first = (index: number) => index * total;
  const starts = reshape(integers(Array.from({ length: batch * heads }, (_unused, index) => first(index))), [
    batch,
    heads,
    1,
  ]);
  const within = reshape(integers(Array.from({ length: kept }, (_unused, index) => index)), [1, 1, kept]);
  const places = add(add(starts, reshape(count, [-1, 1, 1])), within);
  return rows(reshape(all, [-1, dim]), places);
}
