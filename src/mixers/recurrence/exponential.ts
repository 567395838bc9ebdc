/**
 * Means weighed by exponents, channel by channel (RWKV-4, arXiv 2305.13048): a_t = α_t a_{t−1} + e^{k_t} v_t and b_t alike with v = 1;
 * o_t = (a_{t−1} + e^{u + k_t} v_t) / (b_{t−1} + e^{u + k_t}). States carry a factor e^{−m} with m the largest exponent in them, so
 * that nothing overflows.
 */
import {
  add,
  broadcastTo,
  concat,
  cumulativeSum,
  divide,
  equal,
  exp,
  greater,
  integers,
  less,
  max,
  maximum,
  multiply,
  reshape,
  scalar,
  scan,
  slice,
  subtract,
  sum,
  type Value,
  where,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { chunkFor, fromChunks, toChunks } from "./chunks.ts";
import { eachOf, initialOf } from "./parts.ts";
import type { Recurred, Recurrence, RecurrentState, Tokens } from "./recurrence.ts";
import { earlierBias, hidden } from "./triangle.ts";

/** Tokens of a chunk: all pairs of them have an exponent for every channel. */
const chunkLength = 16;

/** Tokens `[…, length, columns]`; places without one have an exponent that weighs nothing. */
interface Rows {
  readonly exponents: Value;
  readonly values: Value;
  readonly decay: Value;
  readonly bonus: Value;
}

function rowsOf(tokens: Tokens): Rows {
  const { keys, values, count } = tokens;
  const [, heads = 1, length = 1] = keys.shape;
  const places = reshape(integers(Array.from({ length }, (_unused, index) => index)), [1, 1, length, 1]);
  const exponents = count === undefined ? keys : where(less(places, reshape(count, [-1, 1, 1, 1])), keys, hidden);
  return {
    exponents,
    values: repeatHeads(values, heads),
    decay: eachOf(tokens, "decay"),
    bonus: eachOf(tokens, "bonus"),
  };
}

/** a, b and m, `[batch, heads, 1, columns]`. */
interface Sums {
  readonly weighted: Value;
  readonly weights: Value;
  readonly largest: Value;
}

function sumsOf(tokens: Tokens): Sums {
  const [batch = 1, heads = 1] = tokens.queries.shape;
  const empty = scalar(0, [batch, heads, 1, tokens.values.shape[3] ?? 1]);
  const state: RecurrentState = tokens.state ?? { recurrent: empty, sum: empty, largest: empty };
  const weights = initialOf(state, "sum");
  return {
    weighted: initialOf(state, "recurrent"),
    weights,
    // Sums of nothing have no largest exponent: a zero would drown keys far below it.
    largest: where(equal(weights, 0), hidden, initialOf(state, "largest")),
  };
}

const stateOf = ({ weighted, weights, largest }: Sums) => ({ recurrent: weighted, sum: weights, largest });

/** Two sums together, the first `decay` older. */
function merged(before: Sums, decay: Value, after: Sums): Sums {
  const faded = add(before.largest, decay);
  const largest = maximum(faded, after.largest);
  const [old, young] = [exp(subtract(faded, largest)), exp(subtract(after.largest, largest))];
  return {
    weighted: add(multiply(old, before.weighted), multiply(young, after.weighted)),
    weights: add(multiply(old, before.weights), multiply(young, after.weights)),
    largest,
  };
}

/** One token's sums. */
const single = (exponent: Value, value: Value): Sums => ({
  weighted: value,
  weights: scalar(1, value.shape),
  largest: exponent,
});

/** What a chunk `[chunks, …, rows, columns]` leaves by itself. */
function chunkSums({ exponents, values }: Rows, reach: Value, last: Value): Sums {
  const own = add(exponents, subtract(last, reach));
  const largest = max(own, [-2]);
  const weights = exp(subtract(own, largest));
  return { weighted: sum(multiply(weights, values), [-2]), weights: sum(weights, [-2]), largest };
}

/** The sums before each chunk, and after the last. */
function carried(own: Sums, decay: Value, initial: Sums): { readonly before: Sums; readonly final: Sums } {
  const named = ([weighted, weights, largest]: readonly Value[]) => ({ weighted, weights, largest }) as Sums;
  const list = ({ weighted, weights, largest }: Sums) => [weighted, weights, largest];
  const walked = scan({
    carried: list(initial),
    sequences: [...list(own), decay],
    body: (sums, slices) => ({
      carried: list(merged(named(sums), slices[3] as Value, named(slices))),
      outputs: sums,
    }),
  });
  return { before: named(walked.outputs), final: named(walked.carried) };
}

function inChunks(tokens: Tokens, most: number): Recurred {
  const length = tokens.queries.shape[2] ?? 1;
  const chunk = chunkFor(length, most);
  const all = rowsOf(tokens);
  const filled = toChunks(scalar(1, [1, 1, length, 1]), chunk);
  const cut = (x: Value) => toChunks(x, chunk);
  const rows: Rows = {
    exponents: where(greater(filled, 0), cut(all.exponents), hidden),
    values: cut(all.values),
    decay: cut(all.decay),
    bonus: cut(all.bonus),
  };
  const reach = cumulativeSum(rows.decay, 3);
  const last = slice(reach, 3, chunk - 1);
  const { before, final } = carried(chunkSums(rows, reach, last), last, sumsOf(tokens));
  return { output: fromChunks(read(rows, reach, before), length), state: stateOf(final) };
}

/** The means that tokens read: of the tokens of their chunk, and of the sums before it. */
function read({ exponents, values, decay, bonus }: Rows, reach: Value, before: Sums): Value {
  const [size = 1, columns = 1] = exponents.shape.slice(-2);
  const front = exponents.shape.slice(0, -2);
  const rows = (x: Value) => reshape(x, [...front, size, 1, columns]);
  const across = (x: Value) => reshape(x, [...front, 1, size, columns]);
  const seen = subtract(reach, decay);
  const bias = reshape(earlierBias(size, 1), [size, size, 1]);
  const earlier = add(subtract(rows(seen), across(subtract(reach, exponents))), bias);
  const older = rows(add(seen, before.largest));
  const own = rows(add(exponents, bonus));
  const exponentsOfAll = concat([earlier, older, own], -2);
  const weights = exp(subtract(exponentsOfAll, max(exponentsOfAll, [-2])));
  const shape = [...front, size, 1, columns];
  const part = (start: number, end: number) => slice(weights, -2, start, end);
  const [near, far, self] = [part(0, size), part(size, size + 1), part(size + 1, size + 2)];
  const state = (x: Value) => broadcastTo(reshape(x, [...front, 1, 1, columns]), shape);
  const weighted = add(
    add(sum(multiply(near, across(values)), [-2]), multiply(far, state(before.weighted))),
    multiply(self, rows(values)),
  );
  const total = add(add(sum(near, [-2]), multiply(far, state(before.weights))), self);
  return reshape(divide(weighted, total), values.shape);
}

function step(tokens: Tokens): Recurred {
  const { exponents, values, decay, bonus } = rowsOf(tokens);
  const before = sumsOf(tokens);
  const { weighted, weights } = merged(before, scalar(0), single(add(exponents, bonus), values));
  return { output: divide(weighted, weights), state: stateOf(merged(before, decay, single(exponents, values))) };
}

/** Means weighed by exponents: keys are exponents; gates `decay` and `bonus` per value. */
export const exponential: Recurrence = {
  layout: ({ batch, heads, columns }) => {
    const shape = [batch, heads, 1, columns];
    return { recurrent: shape, sum: shape, largest: shape };
  },
  parallel: (tokens) => inChunks(tokens, Infinity),
  chunked: (tokens) => inChunks(tokens, chunkLength),
  step,
  lacks: { fused: "no operator of the engine carries the largest exponent" },
};
