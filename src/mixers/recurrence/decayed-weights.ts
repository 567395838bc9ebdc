/** Products over pairs of tokens with a decay per channel between them: Σ_d q_id k_jd exp(G_id − G_jd), safe in float32. */
import {
  add,
  concat,
  exp,
  matmul,
  maximum,
  multiply,
  negate,
  pad,
  reciprocal,
  reshape,
  slice,
  subtract,
  sum,
  type Value,
  withGradient,
} from "../../graph/index.ts";
import { swapLast } from "./parts.ts";
import { assemble, earlierBias, half, halves, lower, squareBlocks } from "./triangle.ts";

/** Rows up to which one anchor in the middle serves: with `steepest` no factor overflows. */
const anchored = 8;

/** The steepest log decay of a step: e^−20 is nothing beside 1 in float32, and four steps of it are within its range. */
const steepest = -20;

/** Log decays of at least `steepest`. The gradient passes: what it misses is as small as the factor itself. */
export function notTooSteep(decay: Value): Value {
  return withGradient(maximum(decay, steepest), [decay], (upstream) => [upstream]);
}

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

/** Queries and keys in blocks of a few rows, `[…, blocks, rows, features]`, each relative to its block's anchor. */
interface Anchored {
  readonly queries: Value;
  readonly keys: Value;
  /** e^(query decay − anchor) and e^(anchor − key decay). */
  readonly queryFade: Value;
  readonly keyFade: Value;
  /** Cumulative decays at the anchors, `[…, blocks, 1, features]`. */
  readonly anchors: Value;
}

/** Rows `[…, rows, width]` in blocks `[…, rows / size, size, width]`. */
function inBlocks(x: Value, size: number): Value {
  const [rows = 1, width = 1] = x.shape.slice(-2);
  return reshape(x, [...x.shape.slice(0, -2), rows / size, size, width]);
}

/** The row before the second half of each block: later than no query of it, not earlier than any key of the first half. */
const middle = (x: Value) => slice(x, -2, (x.shape.at(-2) ?? 2) / 2 - 1, (x.shape.at(-2) ?? 2) / 2);

/** The anchors of a chunk's blocks, and what rows become relative to them. */
function fades(queryDecay: Value, keyDecay: Value): Pick<Anchored, "queryFade" | "keyFade" | "anchors"> {
  const size = Math.min(anchored, keyDecay.shape.at(-2) ?? 1);
  const decays = inBlocks(keyDecay, size);
  const anchors = middle(decays);
  const queryFade = exp(subtract(inBlocks(queryDecay, size), anchors));
  // Where both decay alike, one is the other's inverse: no exponential more.
  const keyFade = queryDecay === keyDecay ? reciprocal(queryFade) : exp(subtract(anchors, decays));
  return { queryFade, keyFade, anchors };
}

function anchor({ queries, keys, queryDecay, keyDecay }: DecayedPairs): Anchored {
  const size = Math.min(anchored, queries.shape.at(-2) ?? 1);
  const relative = fades(queryDecay, keyDecay);
  return {
    queries: multiply(inBlocks(queries, size), relative.queryFade),
    keys: multiply(inBlocks(keys, size), relative.keyFade),
    ...relative,
  };
}

/** x ⊙ exp(x's decay since the chunk began), made of what the weights of pairs are made of. */
export function fadedFromStart(x: Value, queryDecay: Value, keyDecay: Value): Value {
  const { queryFade, anchors } = fades(queryDecay, keyDecay);
  const sinceStart = exp(anchors);
  const size = queryFade.shape.at(-2) ?? 1;
  const faded = reshape(multiply(multiply(inBlocks(x, size), queryFade), sinceStart), x.shape);
  return withGradient(faded, [x, queryDecay], (upstream) => {
    const forX = reshape(multiply(multiply(inBlocks(upstream, size), sinceStart), queryFade), x.shape);
    return [forX, multiply(x, forX)];
  });
}

/** x ⊙ exp(the decay from x to the chunk's end), likewise. */
export function fadedToEnd(x: Value, queryDecay: Value, keyDecay: Value): Value {
  const { keyFade, anchors } = fades(queryDecay, keyDecay);
  const [rows = 1, width = 1] = keyDecay.shape.slice(-2);
  const last = reshape(slice(keyDecay, -2, rows - 1), [...keyDecay.shape.slice(0, -2), 1, 1, width]);
  const toEnd = exp(subtract(last, anchors));
  const size = keyFade.shape.at(-2) ?? 1;
  const faded = reshape(multiply(multiply(inBlocks(x, size), keyFade), toEnd), x.shape);
  return withGradient(faded, [x, keyDecay], (upstream) => {
    const forX = reshape(multiply(multiply(inBlocks(upstream, size), toEnd), keyFade), x.shape);
    const along = multiply(x, forX);
    const ofLast = sum(along, [-2]);
    const ahead = pad(ofLast, -2, rows - 1, 0);
    return [forX, subtract(ahead, along)];
  });
}

/** Where the rows of second halves meet those of first halves, for pairs of runs of `size` rows: no exponent is positive. */
interface Meeting {
  /** Second halves' queries and first halves' keys, `[…, pairs, size, features]`, relative to the row between them. */
  readonly queries: Value;
  readonly keys: Value;
  /** What made them of the anchored ones, `[…, pairs, blocks, 1, features]`. */
  readonly queryFade: Value;
  readonly keyFade: Value;
}

/** Blocks `[…, blocks, rows, width]` as `[…, pairs, blocks of a half, rows, width]` of one of the halves. */
function halfOf(x: Value, index: 0 | 1, perHalf: number): Value {
  const [blocks = 1, rows = 1, width = 1] = x.shape.slice(-3);
  const pairs = reshape(x, [...x.shape.slice(0, -3), blocks / (2 * perHalf), 2, perHalf, rows, width]);
  const half = slice(pairs, -4, index, index + 1);
  return reshape(half, [...x.shape.slice(0, -3), blocks / (2 * perHalf), perHalf, rows, width]);
}

function meeting(blocks: Anchored, keyDecay: Value, size: number): Meeting {
  const rows = blocks.queries.shape.at(-2) ?? 1;
  const perHalf = size / rows;
  const between = slice(inBlocks(keyDecay, 2 * size), -2, size - 1, size);
  const border = reshape(between, [...between.shape.slice(0, -2), 1, 1, between.shape.at(-1) ?? 1]);
  const queryFade = exp(subtract(halfOf(blocks.anchors, 1, perHalf), border));
  const keyFade = exp(subtract(border, halfOf(blocks.anchors, 0, perHalf)));
  return {
    queries: joinRows(multiply(halfOf(blocks.queries, 1, perHalf), queryFade)),
    keys: joinRows(multiply(halfOf(blocks.keys, 0, perHalf), keyFade)),
    queryFade,
    keyFade,
  };
}

/** `[…, blocks, rows, width]` as `[…, blocks · rows, width]`. */
function joinRows(x: Value): Value {
  const [blocks = 1, rows = 1, width = 1] = x.shape.slice(-3);
  return reshape(x, [...x.shape.slice(0, -3), blocks * rows, width]);
}

/** Sizes of the halves that meet, from the smallest. */
function halfSizes(rows: number): number[] {
  return rows <= anchored ? [] : [...halfSizes(rows / 2), rows / 2];
}

/**
 * The lower triangle of weights `[…, rows, rows]`; rows a power of two. Halves meet relative to the row between them, where all
 * exponents are negative, down to blocks of a few rows relative to their middle. Its gradient uses that every occurrence of
 * a decay multiplies its query or its key: d decay = query ⊙ d query, and − key ⊙ d key.
 */
export function decayedWeights(pairs: DecayedPairs): Value {
  const { queries, keys, queryDecay, keyDecay, below } = pairs;
  const rows = queries.shape.at(-2) ?? 1;
  const blocks = anchor(pairs);
  const meetings = halfSizes(rows).map((size) => meeting(blocks, keyDecay, size));
  let weights = lower(matmul(blocks.queries, blocks.keys, { transposeB: true }), below);
  for (const { queries: later, keys: sooner } of meetings) {
    const [count = 1, size = 1] = weights.shape.slice(-3);
    const diagonal = reshape(weights, [...weights.shape.slice(0, -3), count / 2, 2, size, size]);
    weights = assemble(diagonal, matmul(later, sooner, { transposeB: true }));
  }
  const whole = reshape(weights, [...queries.shape.slice(0, -1), rows]);
  return withGradient(whole, [queries, keys, queryDecay, keyDecay], (upstream) => {
    const { forQueries, forKeys } = gradientsOf(upstream, blocks, meetings, below);
    const [dq, dk] = [reshape(forQueries, queries.shape), reshape(forKeys, keys.shape)];
    return [dq, dk, multiply(queries, dq), negate(multiply(keys, dk))];
  });
}

/** The gradients of queries and keys, in blocks. */
function gradientsOf(
  upstream: Value,
  blocks: Anchored,
  meetings: readonly Meeting[],
  below: 0 | 1,
): { readonly forQueries: Value; readonly forKeys: Value } {
  const [count = 1, rows = 1, width = 1] = blocks.queries.shape.slice(-3);
  const lead = blocks.queries.shape.slice(0, -3);
  const acrosses: Value[] = [];
  let diagonal = reshape(upstream, [...upstream.shape.slice(0, -2), 1, ...upstream.shape.slice(-2)]);
  for (const _meeting of meetings) {
    const quarters = quartersOf(diagonal);
    acrosses.unshift(quarters.across);
    diagonal = quarters.diagonal;
  }
  const own = lower(diagonal, below);
  let forQueries = matmul(own, blocks.keys);
  let forKeys = matmul(own, blocks.queries, { transposeA: true });
  meetings.forEach(({ queries, keys, queryFade, keyFade }, level) => {
    const across = acrosses[level];
    if (across === undefined) throw new TypeError("as many blocks meet as were taken apart");
    const perHalf = queryFade.shape.at(-3) ?? 1;
    const part = (x: Value) => reshape(x, [...lead, count / (2 * perHalf), perHalf, rows, width]);
    const later = multiply(part(matmul(across, keys)), queryFade);
    const sooner = multiply(part(matmul(across, queries, { transposeA: true })), keyFade);
    const into = (x: Value, half: Value, index: 0 | 1) => {
      const other = halfOf(x, index === 0 ? 1 : 0, perHalf);
      const added = add(halfOf(x, index, perHalf), half);
      const both = index === 0 ? [added, other] : [other, added];
      return reshape(concat(both, -3), x.shape);
    };
    forQueries = into(forQueries, later, 1);
    forKeys = into(forKeys, sooner, 0);
  });
  return { forQueries: multiply(forQueries, blocks.queryFade), forKeys: multiply(forKeys, blocks.keyFade) };
}

/** Square blocks `[…, count, 2 rows, 2 rows]` taken apart: `[…, 2 count, rows, rows]` on the diagonal, one across each. */
function quartersOf(x: Value): { readonly diagonal: Value; readonly across: Value } {
  const [count = 1, size = 2] = x.shape.slice(-3);
  const { diagonal, across } = squareBlocks(x);
  return { diagonal: reshape(diagonal, [...x.shape.slice(0, -3), 2 * count, size / 2, size / 2]), across };
}

/** The same weights with one decay for all features, `[…, rows, 1]`: one product, and a matrix of factors. */
export function headWeights({ queries, keys, queryDecay, keyDecay, below }: DecayedPairs): Value {
  const bias = earlierBias(queries.shape.at(-2) ?? 1, below);
  const fading = exp(add(subtract(queryDecay, swapLast(keyDecay)), bias));
  const weights = multiply(matmul(queries, keys, { transposeB: true }), fading);
  return withGradient(weights, [queries, keys, queryDecay, keyDecay], (upstream, g) => {
    const products = g.multiply(upstream, fading);
    const faded = g.multiply(upstream, weights);
    return [
      g.matmul(products, keys),
      g.matmul(products, queries, { transposeA: true }),
      g.sumTo(g.sum(faded, [-1]), queryDecay.shape),
      g.sumTo(g.negate(swapLast(g.sum(faded, [-2]))), keyDecay.shape),
    ];
  });
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
  const anchor = middle(cumulative);
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
