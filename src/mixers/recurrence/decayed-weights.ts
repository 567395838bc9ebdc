/** Products over pairs of tokens with a decay per channel between them: Σ_d q_id k_jd exp(G_id − G_jd), safe in float32. */
import { add, concat, exp, matmul, multiply, reshape, slice, subtract, sum, type Value } from "../../graph/index.ts";
import { swapLast } from "./parts.ts";
import { assemble, earlierBias, half, halves, lower } from "./triangle.ts";

/** Rows up to which one anchor in the middle serves: with `steepest` no factor overflows. */
const anchored = 4;

/** The steepest log decay of a step: e^−40 is nothing beside 1 even in float64, and two steps of it are within float32's range. */
export const steepest = -40;

/** Queries and keys of a chunk with their cumulative log decays, all `[…, rows, features]`. */
export interface DecayedPairs {
  readonly queries: Value;
  readonly keys: Value;
  /** Up to the query: with its own decay, or (`below` 1) also without it. */
  readonly queryDecay: Value;
  /** With the key's own decay. */
  readonly keyDecay: Value;
  /** Keys at least this many places before the query (0 or 1). */
  readonly below: 0 | 1;
}

/** The row before the second half: later than every key of the first half, not later than any query of the second. */
function boundary(keyDecay: Value): Value {
  const rows = keyDecay.shape.at(-2) ?? 1;
  return slice(keyDecay, -2, rows / 2 - 1, rows / 2);
}

/**
 * The lower triangle of weights `[…, rows, rows]`; rows a power of two. Halves are anchored at the row between them, where
 * all exponents are negative, down to blocks of a few rows anchored at their middle.
 */
export function decayedWeights({ queries, keys, queryDecay, keyDecay, below }: DecayedPairs): Value {
  const rows = queries.shape.at(-2) ?? 1;
  const product = (q: Value, k: Value, qDecay: Value, kDecay: Value, anchor: Value) =>
    matmul(multiply(q, exp(subtract(qDecay, anchor))), multiply(k, exp(subtract(anchor, kDecay))), {
      transposeB: true,
    });
  const anchor = boundary(keyDecay);
  if (rows <= anchored) return lower(product(queries, keys, queryDecay, keyDecay, anchor), below);
  const [q, k, qDecay, kDecay] = [queries, keys, queryDecay, keyDecay].map(halves) as [Value, Value, Value, Value];
  const across = product(half(q, 1), half(k, 0), half(qDecay, 1), half(kDecay, 0), anchor);
  const diagonal = decayedWeights({ queries: q, keys: k, queryDecay: qDecay, keyDecay: kDecay, below });
  return assemble(diagonal, across);
}

/** The same weights with one decay for all features, `[…, rows, 1]`: one product, and a matrix of factors. */
export function headWeights({ queries, keys, queryDecay, keyDecay, below }: DecayedPairs): Value {
  const bias = earlierBias(queries.shape.at(-2) ?? 1, below);
  const fading = exp(add(subtract(queryDecay, swapLast(keyDecay)), bias));
  return multiply(matmul(queries, keys, { transposeB: true }), fading);
}

/** The same weights term by term: exact, and as large as rows × rows × features. */
export function exactWeights({ queries, keys, queryDecay, keyDecay, below }: DecayedPairs): Value {
  const rows = queries.shape.at(-2) ?? 1;
  const across = (x: Value) => reshape(x, [...x.shape.slice(0, -1), 1, x.shape.at(-1) ?? 1]);
  const along = (x: Value) => reshape(x, [...x.shape.slice(0, -2), 1, ...x.shape.slice(-2)]);
  const bias = reshape(earlierBias(rows, below), [rows, rows, 1]);
  const fading = exp(add(subtract(across(queryDecay), along(keyDecay)), bias));
  const weights = sum(multiply(multiply(across(queries), along(keys)), fading), [-1]);
  return reshape(weights, [...queries.shape.slice(0, -1), rows]);
}

/**
 * Σ_j weights_ij values_jm exp(F_im − F_jm) over a chunk: `weights` lower triangular `[…, rows, rows]`, values and cumulative
 * log decays F `[…, rows, dim]`, rows a power of two.
 */
export function decayedSums(weights: Value, values: Value, cumulative: Value): Value {
  const rows = values.shape.at(-2) ?? 1;
  const anchor = boundary(cumulative);
  const fade = (w: Value, v: Value, from: Value, to: Value) =>
    multiply(matmul(w, multiply(v, exp(subtract(anchor, from)))), exp(subtract(to, anchor)));
  if (rows <= anchored) return fade(weights, values, cumulative, cumulative);
  const [v, f] = [halves(values), halves(cumulative)];
  const w = halves(weights);
  const block = (row: 0 | 1, column: 0 | 1) => slice(half(w, row), -1, (column * rows) / 2, ((column + 1) * rows) / 2);
  const upper = decayedSums(block(0, 0), half(v, 0), half(f, 0));
  const own = decayedSums(block(1, 1), half(v, 1), half(f, 1));
  const across = fade(block(1, 0), half(v, 0), half(f, 0), half(f, 1));
  return concat([upper, add(own, across)], values.shape.length - 2);
}
