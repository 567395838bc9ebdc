/**
 * Log-linear attention (arXiv 2506.04761): a query weighs earlier tokens by how far away they are, in buckets that double. With t and
 * s in binary, the level of a pair is the length of t xor s: level 0 is the token itself, level l the block of 2^(l−1) tokens before.
 * A state per level is carried; the states before position p hold the blocks of p's binary digits, and merge as p grows.
 */
import {
  add,
  cumulativeSum,
  equal,
  exp,
  integers,
  linearScan,
  matmul,
  minimum,
  multiply,
  pad,
  quotient,
  reshape,
  scalar,
  slice,
  subtract,
  type Value,
  where,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { chunkFor, fromChunks, toChunks } from "./chunks.ts";
import { spread } from "./decayed.ts";
import { gateOf, initialOf, outer, swapLast } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { earlierBias } from "./triangle.ts";

const range = (count: number) => integers(Array.from({ length: count }, (_unused, index) => index));
const times = (x: Value, factor: number) => multiply(x, integers([factor]));

/** 1 where the blocks of positions t and s differ: where the level of the pair is above that of the block's size. */
const above = (t: Value, s: Value, sizes: Value) => where(equal(quotient(t, sizes), quotient(s, sizes)), 0, 1);

/** Positions before chunks, `[chunks + 1, batch, 1, 1, 1]`: the last is after the last real token. */
function starts({ seen, count }: Tokens, length: number, chunk: number): Value {
  const chunks = Math.ceil(length / chunk);
  const begun = seen ?? integers([0]);
  const real = reshape(count ?? integers([length]), [1, -1, 1, 1, 1]);
  const places = minimum(reshape(times(range(chunks + 1), chunk), [chunks + 1, 1, 1, 1, 1]), real);
  return add(places, reshape(begun, [1, -1, 1, 1, 1]));
}

/** The first tokens of the blocks that the states of levels 1.. hold before positions p, and whether there are such blocks. */
function blocks(p: Value, levels: number): { readonly first: Value; readonly held: Value } {
  const sizes = integers(Array.from({ length: levels - 1 }, (_unused, level) => 2 ** level));
  const block = quotient(p, sizes);
  // The last level holds all that is older; the others the block before an odd one.
  const last = integers(Array.from({ length: levels - 1 }, (_unused, level) => Number(level === levels - 2)));
  const even = quotient(block, integers([2]));
  const odd = subtract(block, times(even, 2));
  const held = where(equal(add(odd, multiply(last, minimum(even, integers([1])))), integers([0])), 0, 1);
  return { first: multiply(subtract(block, integers([1])), sizes), held };
}

/** Block sizes by level, as a column. */
const columnOf = (levels: number) =>
  reshape(integers(Array.from({ length: levels - 1 }, (_unused, level) => 2 ** level)), [levels - 1, 1]);

/** λ_t of the level of each pair: `scales` `[…, queries, levels]`, positions t `[…, queries, 1]` and s `[…, 1, sources]`. */
function weigh(scales: Value, t: Value, s: Value, levels: number): Value {
  const [front, queries, sources] = [scales.shape.slice(0, -2), scales.shape.at(-2) ?? 1, s.shape.at(-1) ?? 1];
  const apart = (x: Value) => reshape(x, [...x.shape, 1]);
  const below = reshape(s, [...s.shape.slice(0, -1), 1, sources]);
  // λ of level l is λ of level 0 and the differences of all levels up to l: those whose blocks differ.
  const differ = above(apart(t), below, columnOf(levels));
  const rises = subtract(slice(scales, -1, 1), slice(scales, -1, 0, levels - 1));
  const risen = matmul(reshape(rises, [...front, queries, 1, levels - 1]), differ);
  return add(slice(scales, -1, 0, 1), reshape(risen, [...front, queries, sources]));
}

/** 1 where the level of p and each source is that of the state, `[…, levels − 1, sources]`. */
function belongs(p: Value, s: Value, levels: number): Value {
  const differ = above(p, s, columnOf(levels));
  // What differs at one size but no longer at the next; at the last size all that differs.
  return subtract(differ, pad(slice(differ, -2, 1), -2, 0, 1));
}

/** The levels that matter: no sequence without a past reaches beyond its own length. */
function reachable({ state }: Tokens, length: number, levels: number): number {
  return state === undefined ? Math.min(levels, Math.floor(Math.log2(length)) + 2) : levels;
}

function inChunks(most: number, tokens: Tokens, all: number): Recurred {
  const [batch = 1, heads = 1, length = 1, features = 1] = tokens.queries.shape;
  const columns = tokens.values.shape[3] ?? 1;
  const levels = reachable(tokens, length, all);
  const chunk = chunkFor(length, most);
  const cut = (x: Value) => toChunks(x, chunk);
  const [queries, keys, values] = [tokens.queries, tokens.keys, repeatHeads(tokens.values, heads)].map(cut) as [
    Value,
    Value,
    Value,
  ];
  const given = gateOf(tokens.gates, "levels");
  const wide = pad(given, 3, 0, Math.max(levels - (given.shape[3] ?? 1), 0));
  const scales = cut(slice(wide, 3, 0, levels));
  const reach = cumulativeSum(cut(spread(tokens)), 3);
  const chunks = queries.shape[0] ?? 1;

  const bounds = starts(tokens, length, chunk);
  const [start, end] = [slice(bounds, 0, 0, chunks), slice(bounds, 0, 1)];
  const places = add(start, reshape(range(chunk), [chunk, 1]));
  const across = swapLast(places);
  const { first, held } = blocks(start, levels);

  const fading = exp(add(subtract(reach, swapLast(reach)), earlierBias(chunk)));
  const pairs = multiply(matmul(queries, keys, { transposeB: true }), fading);
  const own = matmul(multiply(pairs, weigh(scales, places, across, levels)), values);
  const older = multiply(multiply(weigh(scales, places, first, levels), held), exp(reach));
  const last = slice(reach, 3, chunk - 1);
  const entering = multiply(swapLast(belongs(end, across, levels)), exp(subtract(last, reach)));
  const written = outer(byLevel(keys, entering), values);
  const merging = multiply(multiply(belongs(end, first, levels), held), exp(last));
  const flat = [batch, heads, levels - 1, features * columns];
  const initial = tokens.state ? reshape(initialOf(tokens.state, "recurrent"), flat) : scalar(0, flat);
  const factors = add(merging, scalar(0, [chunks, batch, heads, levels - 1, levels - 1]));
  const states = linearScan(factors, reshape(written, [chunks, ...flat]), initial, { matrix: true });
  const before = reshape(states.before, [chunks, batch, heads, (levels - 1) * features, columns]);
  return {
    output: fromChunks(add(own, matmul(byLevel(queries, older), before)), length),
    state: { recurrent: reshape(states.final, [batch, heads, (levels - 1) * features, columns]) },
  };
}

/** Rows `[…, rows, width]` once for each level, times weights `[…, rows, levels]`: `[…, rows, levels · width]`. */
function byLevel(x: Value, weights: Value): Value {
  const [rows = 1, width = 1] = x.shape.slice(-2);
  const front = x.shape.slice(0, -2);
  const [levels = 1] = weights.shape.slice(-1);
  const own = reshape(x, [...front, rows, 1, width]);
  const each = multiply(own, reshape(weights, [...weights.shape, 1]));
  return reshape(each, [...front, rows, levels * width]);
}

/** States of levels: gates `decay` per head and `levels`, the weight of each level for the token's query. */
export function leveled(levels: number): Recurrence {
  return {
    layout: ({ batch, heads, features, columns }) => ({
      recurrent: [batch, heads, (levels - 1) * features, columns],
    }),
    parallel: (tokens) => inChunks(Infinity, tokens, levels),
    chunked: (tokens) => inChunks(tokens.chunk, tokens, levels),
    step: (tokens) => inChunks(1, tokens, levels),
    lacks: { fused: "the fused operator carries one state, not one for each level" },
  };
}
