/**
 * Linear attention with a learned weight for every distance (NPRF, arXiv 2106.12566): o_i = Σ_j c_{i−j} φ(q_i)·φ(k_j) v_j. Such
 * weights have no state of constant size: all tokens are kept, and a convolution as long as the sequence sums them.
 */
import {
  add,
  broadcastTo,
  concat,
  integers,
  less,
  longConvolution,
  mask,
  matmul,
  multiply,
  pad,
  reshape,
  rows,
  scalar,
  scan,
  slice,
  transpose,
  type Value,
  where,
} from "../../graph/index.ts";
import { cut } from "../heads.ts";
import { type Kept, keeping } from "./keeping.ts";
import { initialOf } from "./parts.ts";
import type { Recurrence } from "./recurrence.ts";

/** The weights c of distances 0, 1, …, of which the last serves all beyond: `[1, heads, span, 1]`. */
const distances = ({ constants }: Kept): Value => initialOf(constants, "distances");

/** Every pair of tokens by its distance. */
function dense(kept: Kept): Value {
  const { queries, keys, values, sees } = kept;
  const [length = 1, tokens = 1] = [queries.shape[2], keys.shape[2]];
  const table = distances(kept);
  const [, heads = 1, span = 1] = table.shape;
  const offset = (index: number) => tokens - length + Math.floor(index / tokens) - (index % tokens);
  const places = integers(
    Array.from({ length: length * tokens }, (_unused, index) => Math.min(Math.max(offset(index), 0), span - 1)),
  );
  const byDistance = rows(transpose(reshape(table, [heads, span]), [1, 0]), places);
  const factors = reshape(transpose(byDistance, [1, 0]), [1, heads, length, tokens]);
  const weights = multiply(matmul(queries, keys, { transposeB: true }), factors);
  return matmul(where(sees, weights, 0), values);
}

/** Distances up to which pairs are weighed one by one: beyond, sums are so large that a transform's rounding is nothing to them. */
const near = 64;

/** The weights of as many distances as there are tokens, from the first far one. */
function farFilter(kept: Kept): Value {
  const table = distances(kept);
  const [, heads = 1, span = 1] = table.shape;
  const tokens = kept.keys.shape[2] ?? 1;
  const last = broadcastTo(slice(table, 2, span - 1), [1, heads, Math.max(tokens, span) - span + 1, 1]);
  const all = concat([slice(table, 2, 0, span - 1), last], 2);
  return pad(slice(all, 2, near, tokens), 2, near, 0);
}

/** What far tokens give: one convolution per column and feature, read by the queries; feature by feature, for the memory's sake. */
function farRead({ queries, values, ...kept }: Kept, keys: Value): Value {
  const [batch = 1, heads = 1, length = 1] = queries.shape;
  const [, , tokens = 1, columns = 1] = values.shape;
  const filter = farFilter({ queries, values, ...kept });
  const byFeature = (x: Value) => reshape(transpose(x, [3, 0, 1, 2]), [-1, batch, heads, x.shape[2] ?? 1, 1]);
  const { carried } = scan({
    carried: [scalar(0, [batch, heads, length, columns])],
    sequences: [byFeature(queries), byFeature(keys)],
    body: ([read = queries], [query = queries, key = keys]) => {
      const sums = slice(longConvolution(multiply(key, values), filter), 2, tokens - length);
      return { carried: [add(read, multiply(query, sums))], outputs: [] };
    },
  });
  const [read = queries] = carried;
  // Before the first far token there is nothing but rounding.
  const any = mask([1, 1, length, 1], (_batch, _head, query = 0) => tokens - length + query >= near);
  return where(any, read, 0);
}

/** What near tokens give: every block of queries meets its own block of tokens and the one before. */
function nearRead({ queries, values, ...kept }: Kept, keys: Value): Value {
  const [length = 1, tokens = 1] = [queries.shape[2], keys.shape[2]];
  const blocks = Math.ceil(length / near);
  const q = cut(queries, near);
  const pairs = (x: Value) => {
    const recent = slice(pad(x, 2, Math.max(0, length + near - tokens), 0), 2, -(length + near));
    const own = cut(pad(recent, 2, 0, blocks * near - length), near);
    return concat([slice(own, 2, 0, blocks), slice(own, 2, 1, blocks + 1)], 3);
  };
  const table = distances({ queries, values, ...kept });
  const [, heads = 1, span = 1] = table.shape;
  const distance = (index: number) => near + Math.floor(index / (2 * near)) - (index % (2 * near));
  const places = Array.from({ length: 2 * near * near }, (_unused, index) => distance(index));
  const within = integers(places.map((place) => Math.min(Math.max(place, 0), span - 1)));
  const byDistance = transpose(rows(transpose(reshape(table, [heads, span]), [1, 0]), within), [1, 0]);
  const factors = reshape(byDistance, [1, heads, 1, near, 2 * near]);
  const isNear = mask([near, 2 * near], (query = 0, key = 0) => near + query >= key && query < key);
  const weights = where(isNear, multiply(matmul(q, pairs(keys), { transposeB: true }), factors), 0);
  const read = matmul(weights, pairs(values));
  return slice(reshape(read, [...queries.shape.slice(0, 2), blocks * near, values.shape[3] ?? 1]), 2, 0, length);
}

/** Near tokens in blocks, far ones by a convolution. */
function convolved(kept: Kept): Value {
  const present = where(less(kept.places, 1), 0, kept.keys);
  const read = nearRead(kept, present);
  return (kept.keys.shape[2] ?? 1) <= near ? read : add(read, farRead(kept, present));
}

/** Linear attention by distance: constant `distances` `[1, heads, span, 1]`. */
export const relative: Recurrence = keeping(
  { parallel: dense, chunked: convolved, step: dense },
  { fused: "the engine has no operator that weighs tokens by their distance" },
);
