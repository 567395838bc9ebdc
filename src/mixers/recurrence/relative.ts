/**
 * Linear attention with a learned weight for every distance (NPRF, arXiv 2106.12566): o_i = Σ_j c_{i−j} φ(q_i)·φ(k_j) v_j. Such
 * weights have no state of constant size: all tokens are kept, and a convolution as long as the sequence sums them.
 */
import {
  add,
  broadcastTo,
  concat,
  less,
  longConvolution,
  mask,
  matmul,
  multiply,
  pad,
  reshape,
  scalar,
  scan,
  slice,
  transpose,
  type Value,
  where,
} from "../../graph/index.ts";
import { bandRead, pairWeights } from "./band.ts";
import { type Kept, keeping } from "./keeping.ts";
import { initialOf } from "./parts.ts";
import type { Recurrence } from "./recurrence.ts";

/** The weights c of distances 0, 1, …, of which the last serves all beyond: `[1, heads, span, 1]`. */
const distances = ({ constants }: Kept): Value => initialOf(constants, "distances");

/** Every pair of tokens by its distance. */
function dense(kept: Kept): Value {
  return matmul(where(kept.sees, pairWeights(kept, distances(kept)), 0), kept.values);
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

/** Near tokens in blocks, far ones by a convolution. */
function convolved(kept: Kept): Value {
  const present = where(less(kept.places, 1), 0, kept.keys);
  const read = bandRead({ ...kept, keys: present }, distances(kept), near);
  return (kept.keys.shape[2] ?? 1) <= near ? read : add(read, farRead(kept, present));
}

/** Linear attention by distance: constant `distances` `[1, heads, span, 1]`. */
export const relative: Recurrence = keeping(
  { parallel: dense, chunked: convolved, step: dense, atOnce: true },
  { fused: "the engine has no operator that weighs tokens by their distance" },
);
