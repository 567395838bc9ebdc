/**
 * Linear attention with a learned weight for every distance below a span and one for all beyond, as T5's positions are: the state
 * keeps the newest tokens, which older ones leave for a memory that never forgets.
 */
import {
  add,
  concat,
  integers,
  less,
  matmul,
  multiply,
  not,
  numbers,
  reshape,
  scalar,
  slice,
  type Value,
  where,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { newest } from "../newest.ts";
import { additive } from "./additive.ts";
import { bandRead, pairWeights } from "./band.ts";
import { initialOf } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";

/** The weights of distances, `[1, heads, span, 1]`. */
const tableOf = ({ constants = {} }: Tokens) => initialOf(constants, "distances");

/** A call's tokens behind the newest before it: the first `length` of them leave the band, one with each query. */
interface Line {
  readonly keys: Value;
  readonly values: Value;
  readonly leaving: Tokens;
}

/** The first `length` tokens of the line as the memory takes them: those of real queries. */
function leavingOf(tokens: Tokens, keys: Value, values: Value): Tokens {
  const { queries, count, state } = tokens;
  const length = queries.shape[2] ?? 1;
  const gone = slice(keys, 2, 0, length);
  const places = reshape(integers(Array.from({ length }, (_unused, index) => index)), [1, 1, length, 1]);
  const real = count && less(places, reshape(count, [-1, 1, 1, 1]));
  return {
    queries,
    keys: real ? where(real, gone, 0) : gone,
    values: slice(values, 2, 0, length),
    ...(state && { state: { recurrent: initialOf(state, "recurrent") } }),
  };
}

function lineOf(tokens: Tokens, span: number): Line {
  const { queries, keys, state, seen } = tokens;
  const [batch = 1, heads = 1, , features = 1] = queries.shape;
  const values = repeatHeads(tokens.values, heads);
  const kept = (name: string, width: number) =>
    state === undefined ? scalar(0, [batch, heads, span, width]) : initialOf(state, name);
  // An empty place of the state lies further back than tokens were seen.
  const back = reshape(integers(Array.from({ length: span }, (_unused, index) => span - index)), [1, 1, span, 1]);
  const there = seen && not(less(reshape(seen, [-1, 1, 1, 1]), back));
  const before = kept("keptKeys", features);
  const line = {
    keys: concat([there ? where(there, before, 0) : before, keys], 2),
    values: concat([kept("keptValues", values.shape[3] ?? 1), values], 2),
  };
  return { ...line, leaving: leavingOf(tokens, line.keys, line.values) };
}

/** What is left: the newest tokens. */
function keptAfter({ keys, values }: Line, { state, count }: Tokens, span: number): Record<string, Value> {
  if (state === undefined) return {};
  return { keptKeys: newest(keys, span, count), keptValues: newest(values, span, count) };
}

function form(memory: (tokens: Tokens) => Recurred) {
  return (tokens: Tokens): Recurred => {
    const table = tableOf(tokens);
    const span = table.shape[2] ?? 1;
    const line = lineOf(tokens, span);
    const old = memory(line.leaving);
    const far = multiply(old.output, slice(table, 2, span - 1));
    const near = bandRead({ queries: tokens.queries, ...line }, table, span);
    return { output: add(near, far), state: { ...old.state, ...keptAfter(line, tokens, span) } };
  };
}

/** One token meets the newest ones alone: nothing is laid out in blocks. */
function step(tokens: Tokens): Recurred {
  const table = tableOf(tokens);
  const span = table.shape[2] ?? 1;
  const line = lineOf(tokens, span);
  const old = additive.step(line.leaving);
  const band = { keys: slice(line.keys, 2, 1), values: slice(line.values, 2, 1) };
  const near = matmul(pairWeights({ queries: tokens.queries, ...band }, table), band.values);
  const far = multiply(old.output, slice(table, 2, span - 1));
  return { output: add(near, far), state: { ...old.state, ...keptAfter(line, tokens, span) } };
}

/** Every pair of the line at once, and the memory of what left before. */
function parallel(tokens: Tokens): Recurred {
  const { queries, state } = tokens;
  const table = tableOf(tokens);
  const span = table.shape[2] ?? 1;
  const line = lineOf(tokens, span);
  const [length = 1, all = 1] = [queries.shape[2], line.keys.shape[2]];
  const range = (count: number, start: number, shape: readonly number[]) =>
    reshape(numbers(Array.from({ length: count }, (_unused, index) => start + index)), shape);
  const sees = less(range(all, 0, [1, 1, 1, all]), range(length, all - length + 1, [1, 1, length, 1]));
  const read = matmul(where(sees, pairWeights({ queries, ...line }, table), 0), line.values);
  const written = matmul(line.leaving.keys, line.leaving.values, { transposeA: true });
  const kept = keptAfter(line, tokens, span);
  if (state === undefined) return { output: read, state: { recurrent: written, ...kept } };
  const initial = initialOf(state, "recurrent");
  const far = multiply(matmul(queries, initial), slice(table, 2, span - 1));
  return { output: add(read, far), state: { recurrent: add(initial, written), ...kept } };
}

/** Linear attention by distances below `span`, and one weight beyond: constant `distances` `[1, heads, span, 1]`. */
export function banded(span: number): Recurrence {
  return {
    layout: ({ batch, heads, features, columns }) => ({
      recurrent: [batch, heads, features, columns],
      keptKeys: [batch, heads, span, features],
      keptValues: [batch, heads, span, columns],
    }),
    parallel,
    chunked: (tokens) => form((same) => additive.chunked({ ...tokens, ...same }))(tokens),
    step,
    lacks: { fused: "the engine has no operator that weighs tokens by their distance" },
  };
}
