/** Where a call's tokens lie in mini-batches that begin where the sequence's own do, whatever part of it a call sees. */
import {
  add,
  and,
  equal,
  greater,
  integers,
  less,
  maximum,
  minimum,
  multiply,
  not,
  or,
  pad,
  quotient,
  reshape,
  rows,
  scalar,
  slice,
  subtract,
  transpose,
  type Value,
  where,
} from "../../graph/index.ts";
import type { Tokens } from "./recurrence.ts";

/** What the places of a mini-batch hold, as numbers 0 and 1. */
export interface Places {
  /** Real tokens, `[batch or 1, 1, places, 1]`. */
  readonly real: Value;
  /** The last real token, likewise. */
  readonly last: Value;
  /** Whether there are any, `[batch or 1, 1, 1, 1]`. */
  readonly any: Value;
  /** Whether earlier calls began this mini-batch. */
  readonly begun: Value;
}

const range = (count: number) => integers(Array.from({ length: count }, (_unused, index) => index));
const flag = (condition: Value) => where(condition, 1, 0);

/** How many tokens of the running mini-batch came before the call, `[batch or 1]`. */
function offsetOf({ seen }: Tokens, size: number): Value {
  if (seen === undefined) return integers([0]);
  return subtract(seen, multiply(quotient(seen, integers([size])), integers([size])));
}

/** A call's tokens laid out in mini-batches. */
export interface Layout {
  readonly count: number;
  /** `[batch, heads, length, width]` as `[count, batch, heads, size, width]`. */
  cut(x: Value): Value;
  join(x: Value): Value;
  /** What the places hold, with the mini-batches as a first axis. */
  readonly places: Places;
}

/** The layout of a call's tokens in mini-batches of `size`. */
export function layoutOf(tokens: Tokens, size: number): Layout {
  const length = tokens.queries.shape[2] ?? 1;
  // Tokens of earlier calls may take up all but one place of the first mini-batch.
  const count = Math.ceil((length + (tokens.seen === undefined ? 0 : size - 1)) / size);
  const total = count * size;
  const offset = reshape(offsetOf(tokens, size), [-1, 1]);
  const real = reshape(tokens.count ?? integers([length]), [-1, 1]);
  const place = reshape(range(total), [1, total]);
  const end = add(offset, real);
  const isReal = and(not(less(place, offset)), less(place, end));
  const next = add(place, integers([1]));
  const closes = equal(subtract(next, multiply(quotient(next, integers([size])), integers([size]))), integers([0]));
  const isLast = and(isReal, or(equal(next, end), closes));
  const firsts = reshape(range(count), [count, 1, 1, 1, 1]);
  const starts = multiply(firsts, integers([size]));
  const across = (x: Value) => reshape(x, [1, -1, 1, 1, 1]);
  const [from, to] = [across(offset), across(end)];
  const hasAny = and(less(starts, to), less(from, add(starts, integers([size]))));
  const begun = and(equal(firsts, integers([0])), greater(from, integers([0])));
  const byBatch = (condition: Value) => {
    const [batch = 1] = condition.shape;
    return transpose(reshape(flag(condition), [batch, count, 1, size, 1]), [1, 0, 2, 3, 4]);
  };
  const move = (x: Value, to: number, by: Value) => {
    const [batch = 1, heads = 1, from = 1, width = 1] = x.shape;
    const source = subtract(reshape(range(to), [1, to]), by);
    const inside = minimum(maximum(source, integers([0])), integers([from - 1]));
    const sequence = reshape(multiply(range(batch * heads), integers([from])), [batch, heads, 1]);
    return rows(reshape(x, [-1, width]), add(sequence, reshape(inside, [-1, 1, to])));
  };
  const still = tokens.seen === undefined;
  const mask = byBatch(isReal);
  return {
    count,
    cut: (x) => {
      const [batch = 1, heads = 1, , width = 1] = x.shape;
      const laid = still ? pad(x, 2, 0, total - length) : move(x, total, offset);
      const apart = transpose(reshape(laid, [batch, heads, count, size, width]), [2, 0, 1, 3, 4]);
      return multiply(apart, mask);
    },
    join: (x) => {
      const [, batch = 1, heads = 1, , width = 1] = x.shape;
      const joined = reshape(transpose(x, [1, 2, 0, 3, 4]), [batch, heads, total, width]);
      return still ? slice(joined, 2, 0, length) : move(joined, length, subtract(integers([0]), offset));
    },
    places: { real: mask, last: byBatch(isLast), any: flag(hasAny), begun: flag(begun) },
  };
}

/** What the place of a single token holds. */
export function placesOfToken(tokens: Tokens, size: number): Places {
  const shaped = (x: Value) => reshape(x, [-1, 1, 1, 1]);
  const { count } = tokens;
  const real = count === undefined ? scalar(1, [1, 1, 1, 1]) : flag(greater(shaped(count), integers([0])));
  const begun = flag(greater(shaped(offsetOf(tokens, size)), integers([0])));
  return { real, last: real, any: real, begun };
}
