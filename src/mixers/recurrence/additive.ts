/** S_t = S_{t−1} + k_tᵀ v_t, o_t = q_t S_t (arXiv 2006.16236). */
import {
  add,
  broadcastTo,
  constant,
  linearAttention,
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
import type { ChunkedTokens, MaskedTokens, Recurred, Recurrence, Tokens } from "./recurrence.ts";

function masked({ queries, keys, values, state, reads, kept }: MaskedTokens): Recurred {
  const repeated = repeatHeads(values, queries.shape[1] ?? 1);
  const weights = where(reads, matmul(queries, keys, { transposeB: true }), 0);
  const [read, written] = [matmul(weights, repeated), matmul(where(kept, keys, 0), repeated, { transposeA: true })];
  if (state === undefined) return { output: read, state: written };
  return { output: add(read, matmul(queries, state)), state: add(state, written) };
}

function step({ queries, keys, values, state }: Tokens): Recurred {
  const written = matmul(keys, repeatHeads(values, queries.shape[1] ?? 1), { transposeA: true });
  const next = state === undefined ? written : add(state, written);
  return { output: matmul(queries, next), state: next };
}

function fused({ queries, keys, values, state }: Tokens): Recurred {
  const [batch = 1, heads = 1, , features = 1] = queries.shape;
  const zeros = () => broadcastTo(scalar(0), [batch, heads, features, values.shape[3] ?? 1]);
  return linearAttention(queries, keys, repeatHeads(values, heads), state ?? zeros());
}

/** Ones at least `below` places below the diagonal, zeros elsewhere. */
function triangle(size: number, below: number): Value {
  const data = Float32Array.from({ length: size * size }, (_unused, index) =>
    Number((index % size) + below <= Math.floor(index / size)),
  );
  return constant(data, [size, size]);
}

/** Sums over the chunks before each (and the initial state), by one product with a triangle of ones. */
function sumsBefore(written: Value, initial: Value | undefined): Value {
  const chunks = written.shape.at(-3) ?? 1;
  const flat = reshape(written, [...written.shape.slice(0, -2), -1]);
  const sums = reshape(matmul(triangle(chunks, 1), flat), written.shape);
  return initial === undefined ? sums : add(sums, initial);
}

function chunked({ queries, keys, values, state, chunk, wholeChunks }: ChunkedTokens): Recurred {
  const [batch = 1, heads = 1, length = 0, features = 1] = queries.shape;
  const [, groups = 1, , dim = 1] = values.shape;
  const q = cut(splitHeads(queries, groups), chunk);
  const k = cut(splitHeads(keys, groups), chunk);
  const v = cut(sharedByGroup(values), chunk);
  const initial = state && reshape(state, [batch, groups, heads / groups, 1, features, dim]);
  const written = matmul(k, v, { transposeA: true });
  const weights = matmul(q, k, { transposeB: true });
  const near = matmul(wholeChunks ? weights : multiply(weights, triangle(chunk, 0)), v);
  const far = matmul(q, sumsBefore(written, initial));
  const joined = joinHeads(reshape(add(near, far), [batch, groups, heads / groups, -1, dim]));
  const total = sum(written, [3]);
  const final = initial === undefined ? total : add(total, initial);
  return { output: slice(joined, 2, 0, length), state: reshape(final, [batch, heads, features, dim]) };
}

/** The additive state without decay. */
export const additive: Recurrence = { masked, chunked, step, fused };
