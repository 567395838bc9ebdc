/**
 * The Legendre memory (Voelker et al., NeurIPS 2019; LMUFormer, arXiv 2402.04882): fixed matrices carry a sliding span of every
 * value as coefficients of polynomials, S_t = Ā S_{t−1} + B̄ v_t, and queries read the coefficients, o_t = q_t S_t.
 */
import {
  add,
  broadcastTo,
  integers,
  linearScan,
  matmul,
  maximum,
  minimum,
  numbers,
  pad,
  reshape,
  rows,
  scalar,
  slice,
  subtract,
  type Value,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { chunkFor, fromChunks, toChunks } from "./chunks.ts";
import { impulses, type LegendreStep, legendreStep, powers } from "./legendre-matrices.ts";
import { initialOf, outer } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { lower } from "./triangle.ts";

const initialState = ({ queries, values, state }: Tokens): Value => {
  const [batch = 1, heads = 1, , order = 1] = queries.shape;
  return state ? initialOf(state, "recurrent") : scalar(0, [batch, heads, order, values.shape[3] ?? 1]);
};

/** Weights of pairs, w_ij = q_i · Ā^{i−j} B̄, from q_i · Āⁿ B̄ with n falling along each row. */
function skewed(falling: Value): Value {
  const [size = 1] = falling.shape.slice(-1);
  const lead = falling.shape.slice(0, -2);
  const shifted = reshape(pad(falling, -1, 1, 0), [...lead, size + 1, size]);
  return lower(slice(shifted, -2, 1));
}

/** How many tokens of each chunk are real, int64 `[chunks, batch or 1]`, and the numbers that may occur. */
function realTokens({ count }: Tokens, length: number, chunk: number): { real: Value; possible: readonly number[] } {
  const chunks = Math.ceil(length / chunk);
  const starts = Array.from({ length: chunks }, (_unused, index) => index * chunk);
  if (count === undefined) {
    const last = length - (chunks - 1) * chunk;
    const possible = [...new Set([chunk, last])];
    const places = starts.map((start) => possible.indexOf(Math.min(chunk, length - start)));
    return { real: reshape(integers(places), [chunks, 1]), possible };
  }
  const within = subtract(reshape(count, [1, -1]), reshape(integers(starts), [chunks, 1]));
  const possible = Array.from({ length: chunk + 1 }, (_unused, index) => index);
  return { real: minimum(maximum(within, integers([0])), integers([chunk])), possible };
}

/** For each possible number of real tokens, what becomes of the state and of every token's value by their end. */
function tables(step: LegendreStep, chunk: number, possible: readonly number[]): readonly [Value, Value] {
  const order = step.input.length;
  const [raised, left] = [powers(step, chunk), impulses(step, chunk)];
  const passing = possible.flatMap((real) => (raised[real] ?? []).flat());
  const writing = possible.flatMap((real) =>
    Array.from({ length: chunk }, (_unused, place) => (place < real ? left[real - 1 - place] : undefined)).flatMap(
      (impulse) => impulse ?? new Array<number>(order).fill(0),
    ),
  );
  return [numbers(passing, [possible.length, order ** 2]), numbers(writing, [possible.length, chunk * order])];
}

function chunkwise(step: LegendreStep, tokens: Tokens, chunk: number): Recurred {
  const { queries } = tokens;
  const [batch = 1, heads = 1, length = 1, order = 1] = queries.shape;
  const [q, v] = [queries, repeatHeads(tokens.values, heads)].map((x) => toChunks(x, chunk)) as [Value, Value];
  const chunks = q.shape[0] ?? 1;
  const { real, possible } = realTokens(tokens, length, chunk);
  const [passing, writing] = tables(step, chunk, possible).map((table, index) => {
    const shape = index === 0 ? [order, order] : [chunk, order];
    return reshape(rows(table, real), [chunks, -1, 1, ...shape]);
  }) as [Value, Value];
  const sources = broadcastTo(writing, [chunks, batch, heads, chunk, order]);
  const states = linearScan(
    broadcastTo(passing, [chunks, batch, heads, order, order]),
    outer(sources, v),
    initialState(tokens),
    { matrix: true },
  );
  const falling = numbers([...impulses(step, chunk)].reverse().flat(), [chunk, order]);
  const near = matmul(skewed(matmul(q, falling, { transposeB: true })), v);
  const raised = numbers(powers(step, chunk).slice(1).flat(2), [chunk, order, order]);
  const reading = reshape(matmul(reshape(q, [...q.shape.slice(0, -1), 1, order]), raised), q.shape);
  const read = add(near, matmul(reading, states.before));
  return { output: fromChunks(read, length), state: { recurrent: states.final } };
}

function stepwise(step: LegendreStep, tokens: Tokens): Recurred {
  if (tokens.count !== undefined) return chunkwise(step, tokens, 1);
  const order = step.input.length;
  const values = repeatHeads(tokens.values, tokens.queries.shape[1] ?? 1);
  const written = matmul(numbers(step.input, [order, 1]), values);
  const next = add(matmul(numbers(step.transition.flat(), [order, order]), initialState(tokens)), written);
  return { output: matmul(tokens.queries, next), state: { recurrent: next } };
}

/** The Legendre memory of as many coefficients as queries have features. */
export function legendre(span: number): Recurrence {
  const stepOf = ({ queries }: Tokens) => legendreStep(queries.shape[3] ?? 1, span);
  const lengthOf = ({ queries }: Tokens) => queries.shape[2] ?? 1;
  return {
    layout: ({ batch, heads, features, columns }) => ({ recurrent: [batch, heads, features, columns] }),
    parallel: (tokens) => chunkwise(stepOf(tokens), tokens, lengthOf(tokens)),
    chunked: (tokens) => chunkwise(stepOf(tokens), tokens, chunkFor(lengthOf(tokens), tokens.chunk)),
    step: (tokens) => stepwise(stepOf(tokens), tokens),
    lacks: { fused: "the engine has no operator whose state turns by a matrix" },
  };
}
