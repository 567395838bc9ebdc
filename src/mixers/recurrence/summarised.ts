/**
 * Combiner's fixed pattern (arXiv 2107.05768): a query attends to the tokens of its own block, and to every earlier block as one
 * summary, under one softmax. A block's key is the mean of its keys; its value is what the mean of its queries reads of it. The
 * state is the newest block's tokens and the blocks' summaries: it grows by one row per block.
 */
import {
  add,
  and,
  concat,
  equal,
  integers,
  less,
  matmul,
  mean,
  not,
  pad,
  quotient,
  reshape,
  slice,
  softmax,
  split,
  subtract,
  type Value,
  where,
} from "../../graph/index.ts";
import { newest } from "../newest.ts";
import { swapLast } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { type Call, callOf, complete, over, range, type Summaries, stateAfter } from "./summarised-call.ts";
import { earlier, hidden } from "./triangle.ts";

const scores = (queries: Value, keys: Value) =>
  matmul(queries, keys, { transposeB: true, scale: (queries.shape.at(-1) ?? 1) ** -0.5 });

/** Scores of the state's summaries and of the call's own, for queries `[batch, heads, rows, features]`. */
function farScores(call: Call, queries: Value, own: Summaries, passed: Value): Value {
  const mine = where(passed, scores(queries, own.keys), hidden);
  if (call.before === undefined) return mine;
  return concat([where(complete(call), scores(queries, call.before.keys), hidden), mine], 3);
}

const joined = (call: Call, own: Summaries): Summaries =>
  call.before === undefined
    ? own
    : { keys: concat([call.before.keys, own.keys], 2), values: concat([call.before.values, own.values], 2) };

/** By blocks: the call's tokens are laid where blocks begin, behind the tokens of the running block. */
function blockwise(tokens: Tokens, size: number): Recurred {
  const call = callOf(tokens, size);
  const { length, kept, blocks, filled } = call;
  const [batch = 1, heads = 1] = tokens.queries.shape;
  const places = blocks * size;
  const lay = (all: Value) => {
    const whole = pad(all, 2, 0, places - length);
    const laid = kept === 0 ? whole : newest(whole, places, subtract(integers([size]), filled));
    return reshape(laid, [batch, heads, blocks, size, laid.shape[3] ?? 1]);
  };
  const [q, k, v] = [lay(call.queries), lay(call.keys), lay(call.values)];
  const summary = softmax(scores(mean(q, [-2]), k));
  const flat = (x: Value) => reshape(x, [batch, heads, -1, x.shape[4] ?? 1]);
  const own = { keys: flat(mean(k, [-2])), values: flat(matmul(summary, v)) };
  const summaries = joined(call, own);
  const blockOf = Array.from({ length: places }, (_unused, index) => Math.floor(index / size));
  const passed = less(range(blocks, [1, 1, 1, blocks]), reshape(integers(blockOf), [1, 1, places, 1]));
  const near = flat(where(earlier(size), scores(q, k), hidden));
  const weights = softmax(concat([near, farScores(call, flat(q), own, passed)], 3));
  const [onTokens, onBlocks] = split(weights, 3, [size, summaries.keys.shape[2] ?? 1]) as [Value, Value];
  const nearRead = flat(matmul(reshape(onTokens, [batch, heads, blocks, size, size]), v));
  const read = add(nearRead, matmul(onBlocks, summaries.values));
  const output = kept === 0 ? slice(read, 2, 0, length) : newest(read, length, filled);
  return { output, state: stateAfter(call, summaries) };
}

/** By masks over all tokens of the call and of the running block. */
function masked(tokens: Tokens, size: number): Recurred {
  const call = callOf(tokens, size);
  const { length, kept, blocks, filled } = call;
  const all = kept + length;
  // Where tokens stand behind the beginning of the running block; negative for those of the block before.
  const placed = add(range(all, [1, 1, 1, all], -kept), over(filled));
  const there = not(less(placed, integers([0])));
  const block = quotient(placed, integers([size]));
  const rows = swapLast(slice(placed, 3, kept));
  const rowBlock = quotient(rows, integers([size]));
  const numbered = range(blocks, [1, 1, blocks, 1]);
  const members = and(there, equal(block, numbered));
  const weights = (queries: Value, keep: Value) => softmax(where(keep, scores(queries, call.keys), hidden));
  const averages = where(members, 1 / size, 0);
  const own = {
    keys: matmul(averages, call.keys),
    values: matmul(weights(matmul(averages, call.queries), members), call.values),
  };
  const sees = and(and(there, equal(block, rowBlock)), less(placed, add(rows, integers([1]))));
  const near = where(sees, scores(tokens.queries, call.keys), hidden);
  const passed = less(swapLast(numbered), rowBlock);
  const summaries = joined(call, own);
  const both = softmax(concat([near, farScores(call, tokens.queries, own, passed)], 3));
  const [onTokens, onBlocks] = split(both, 3, [all, summaries.keys.shape[2] ?? 1]) as [Value, Value];
  const output = add(matmul(onTokens, call.values), matmul(onBlocks, summaries.values));
  return { output, state: stateAfter(call, summaries) };
}

/** Own block and summaries of `size` tokens each. */
export function summarised(size: number): Recurrence {
  return {
    layout: ({ batch, heads, features, columns, length = 1 }) => ({
      blockQueries: [batch, heads, size, features],
      blockKeys: [batch, heads, size, features],
      blockValues: [batch, heads, size, columns],
      summaryKeys: [batch, heads, Math.ceil(length / size), features],
      summaryValues: [batch, heads, Math.ceil(length / size), columns],
    }),
    parallel: (tokens) => masked(tokens, size),
    chunked: (tokens) => blockwise(tokens, size),
    step: (tokens) => blockwise(tokens, size),
    lacks: { fused: "the engine has no operator that joins tokens and summaries under one softmax" },
  };
}
