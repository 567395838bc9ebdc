/** S_t = S_{t−1} + k_tᵀ v_t, o_t = q_t S_t (arXiv 2006.16236). */
import {
  add,
  broadcastTo,
  constant,
  linearAttention,
  mask,
  matmul,
  multiply,
  reshape,
  scalar,
  slice,
  sum,
  type Value,
  where,
} from "../../graph/index.ts";
import { cut, joinHeads, repeatHeads, sharedByGroup, splitHeads } from "../heads.ts";
import { initialOf } from "./parts.ts";
import type { ChunkedTokens, MaskedTokens, Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { earlier } from "./triangle.ts";

function masked({ queries, keys, values, state, reads, kept }: MaskedTokens): Recurred {
  const repeated = repeatHeads(values, queries.shape[1] ?? 1);
  const weights = where(reads, matmul(queries, keys, { transposeB: true }), 0);
  const [read, written] = [matmul(weights, repeated), matmul(where(kept, keys, 0), repeated, { transposeA: true })];
  if (state === undefined) return { output: read, state: { recurrent: written } };
  const initial = initialOf(state, "recurrent");
  return { output: add(read, matmul(queries, initial)), state: { recurrent: add(initial, written) } };
}

function step({ queries, keys, values, state }: Tokens): Recurred {
  const written = matmul(keys, repeatHeads(values, queries.shape[1] ?? 1), { transposeA: true });
  const next = state === undefined ? written : add(initialOf(state, "recurrent"), written);
  return { output: matmul(queries, next), state: { recurrent: next } };
}

function whole({ queries, keys, values }: Tokens): Recurred {
  const recurrent = matmul(keys, repeatHeads(values, queries.shape[1] ?? 1), { transposeA: true });
  return { output: matmul(queries, recurrent), state: { recurrent } };
}

function fused({ queries, keys, values, state }: Tokens): Recurred {
  const [batch = 1, heads = 1, , features = 1] = queries.shape;
  const zeros = () => broadcastTo(scalar(0), [batch, heads, features, values.shape[3] ?? 1]);
  const initial = state === undefined ? zeros() : initialOf(state, "recurrent");
  const recurred = linearAttention(queries, keys, repeatHeads(values, heads), initial);
  return { output: recurred.output, state: { recurrent: recurred.state } };
}

/** Ones at least `below` places below the diagonal, zeros elsewhere. */
function triangle(size: number, below: number): Value {
  const data = Float32Array.from({ length: size * size }, (_unused, index) =>
    Number((index % size) + below <= Math.floor(index / size)),
  );
  return constant(data, [size, size]);
}

/** Chunks whose states one product with a triangle of ones sums up; more are summed in blocks of `blockedChunks`. */
const [summedChunks, blockedChunks] = [48, 16];

/** Sums over the chunks before each (and the initial state). */
function sumsBefore(written: Value, initial: Value | undefined): Value {
  const flat = reshape(written, [...written.shape.slice(0, -2), -1]);
  const sums = reshape(prefixSums(flat), written.shape);
  return initial === undefined ? sums : add(sums, initial);
}

/** Sums of the rows before each, `[…, rows, width]`, at a cost linear in the rows. */
function prefixSums(rows: Value): Value {
  const [count = 1, width = 1] = rows.shape.slice(-2);
  if (count <= summedChunks) return matmul(triangle(count, 1), rows);
  const blocks = cut(rows, blockedChunks);
  const own = matmul(triangle(blockedChunks, 1), blocks);
  const totals = reshape(sum(blocks, [-2]), [...rows.shape.slice(0, -2), -1, width]);
  const before = prefixSums(totals);
  const sums = add(own, reshape(before, [...before.shape.slice(0, -1), 1, width]));
  return slice(reshape(sums, [...rows.shape.slice(0, -2), -1, width]), -2, 0, count);
}

function chunked({ queries, keys, values, state, chunk, wholeChunks }: ChunkedTokens): Recurred {
  const [batch = 1, heads = 1, length = 0, features = 1] = queries.shape;
  const [, groups = 1, , dim = 1] = values.shape;
  const q = cut(splitHeads(queries, groups), chunk);
  const k = cut(splitHeads(keys, groups), chunk);
  const v = cut(sharedByGroup(values), chunk);
  const initial = state && reshape(initialOf(state, "recurrent"), [batch, groups, heads / groups, 1, features, dim]);
  const written = matmul(k, v, { transposeA: true });
  const weights = matmul(q, k, { transposeB: true });
  const near = matmul(wholeChunks ? weights : multiply(weights, triangle(chunk, 0)), v);
  const far = matmul(q, sumsBefore(written, initial));
  const joined = joinHeads(reshape(add(near, far), [batch, groups, heads / groups, -1, dim]));
  const total = sum(written, [3]);
  const final = initial === undefined ? total : add(total, initial);
  const recurrent = reshape(final, [batch, heads, features, dim]);
  return { output: slice(joined, 2, 0, length), state: { recurrent } };
}

/** The additive state without decay. */
export const additive: Recurrence = {
  layout: ({ batch, heads, features, columns }) => ({ recurrent: [batch, heads, features, columns] }),
  parallel: (tokens) => {
    const length = tokens.queries.shape[2] ?? 1;
    const reads = reshape(earlier(length), [1, 1, length, length]);
    return masked({ ...tokens, reads, kept: mask([1, 1, length, 1], () => true) });
  },
  masked,
  whole,
  chunked,
  step,
  fused,
};

const everywhere = (rows: number, columns: number) => mask([1, 1, rows, columns], () => true);

/** Every query reads all tokens: by two products, and by the matrix of all weights. */
export const allOf = {
  whole,
  dense: (tokens: Tokens): Recurred => {
    const length = tokens.queries.shape[2] ?? 1;
    return masked({ ...tokens, reads: everywhere(length, length), kept: everywhere(length, 1) });
  },
};
