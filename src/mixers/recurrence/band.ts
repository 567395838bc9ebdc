/** Linear attention over a band of distances, each with a weight of its own. */
import {
  concat,
  integers,
  mask,
  matmul,
  multiply,
  pad,
  reshape,
  rows,
  slice,
  transpose,
  type Value,
  where,
} from "../../graph/index.ts";
import { cut } from "../heads.ts";

/** Queries at the end of a row of keys and values, which may be longer. */
export interface Row {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
}

/** Factors `[1, heads, …]` of distances from a table `[1, heads, span, 1]`, of which the last serves all beyond. */
export function factorsOf(table: Value, distances: readonly number[], shape: readonly number[]): Value {
  const [, heads = 1, span = 1] = table.shape;
  const places = integers(distances.map((distance) => Math.min(Math.max(distance, 0), span - 1)));
  const byDistance = transpose(rows(transpose(reshape(table, [heads, span]), [1, 0]), places), [1, 0]);
  return reshape(byDistance, [1, heads, ...shape]);
}

/** Every pair of a query and a key no later, in one matrix `[batch, heads, length, tokens]`. */
export function pairWeights({ queries, keys }: Omit<Row, "values">, table: Value): Value {
  const [length = 1, tokens = 1] = [queries.shape[2], keys.shape[2]];
  const distance = (index: number) => tokens - length + Math.floor(index / tokens) - (index % tokens);
  const distances = Array.from({ length: length * tokens }, (_unused, index) => distance(index));
  return multiply(matmul(queries, keys, { transposeB: true }), factorsOf(table, distances, [length, tokens]));
}

/** What keys nearer than `width` give: every block of queries meets its own block of keys and the one before. */
export function bandRead({ queries, keys, values }: Row, table: Value, width: number): Value {
  const [length = 1, tokens = 1] = [queries.shape[2], keys.shape[2]];
  const blocks = Math.ceil(length / width);
  const pairs = (x: Value) => {
    const recent = slice(pad(x, 2, Math.max(0, length + width - tokens), 0), 2, -(length + width));
    const own = cut(pad(recent, 2, 0, blocks * width - length), width);
    return concat([slice(own, 2, 0, blocks), slice(own, 2, 1, blocks + 1)], 3);
  };
  const distance = (index: number) => width + Math.floor(index / (2 * width)) - (index % (2 * width));
  const distances = Array.from({ length: 2 * width * width }, (_unused, index) => distance(index));
  const factors = factorsOf(table, distances, [1, width, 2 * width]);
  const inBand = mask([width, 2 * width], (query = 0, key = 0) => width + query >= key && query < key);
  const products = matmul(cut(queries, width), pairs(keys), { transposeB: true });
  const read = matmul(where(inBand, multiply(products, factors), 0), pairs(values));
  return slice(reshape(read, [...queries.shape.slice(0, 2), blocks * width, values.shape[3] ?? 1]), 2, 0, length);
}
