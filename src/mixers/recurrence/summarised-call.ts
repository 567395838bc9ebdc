/** Where a call's tokens stand among blocks whose places only the state knows, and what later calls need. */
import {
  add,
  concat,
  integers,
  less,
  multiply,
  not,
  quotient,
  reshape,
  subtract,
  type Value,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { newest } from "../newest.ts";
import { initialOf } from "./parts.ts";
import type { RecurrentState, Tokens } from "./recurrence.ts";

/** A key and a value per block, `[batch, heads, blocks, width]`. */
export interface Summaries {
  readonly keys: Value;
  readonly values: Value;
}

/** A call's tokens behind those that the state kept, and where the sequence stands. */
export interface Call {
  /** `[batch, heads, kept + length, width]`. */
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
  readonly length: number;
  /** Tokens from the state: a block's size, or none; only the last `filled` of them belong to the running block. */
  readonly kept: number;
  readonly size: number;
  /** Blocks that the tokens of the running block and of the call may touch. */
  readonly blocks: number;
  /** Tokens before the call, int64 `[batch or 1]`. */
  readonly seen: Value;
  /** Those of them in the running block. */
  readonly filled: Value;
  /** The call's real tokens. */
  readonly count: Value;
  /** The state's summaries. */
  readonly before: Summaries | undefined;
}

/** Numbers of a batch, shaped to broadcast over heads and two more axes. */
export const over = (x: Value): Value => reshape(x, [-1, 1, 1, 1]);

/** Integers in a row from `start`. */
export const range = (count: number, shape: readonly number[], start = 0): Value =>
  reshape(integers(Array.from({ length: count }, (_unused, index) => start + index)), shape);

/** The call's tokens and where they stand. */
export function callOf({ queries, keys, values, state, ...tokens }: Tokens, size: number): Call {
  const length = queries.shape[2] ?? 1;
  const own = { queries, keys, values: repeatHeads(values, queries.shape[1] ?? 1) };
  const count = tokens.count ?? integers([length]);
  if (state === undefined) {
    const none = integers([0]);
    const blocks = Math.ceil(length / size);
    return { ...own, length, kept: 0, size, blocks, seen: none, filled: none, count, before: undefined };
  }
  const seen = tokens.seen ?? integers([0]);
  const block = integers([size]);
  const join = (name: string, x: Value) => concat([initialOf(state, name), x], 2);
  return {
    queries: join("blockQueries", own.queries),
    keys: join("blockKeys", own.keys),
    values: join("blockValues", own.values),
    length,
    kept: size,
    size,
    blocks: Math.ceil((length + size - 1) / size),
    seen,
    filled: subtract(seen, multiply(quotient(seen, block), block)),
    count,
    before: { keys: initialOf(state, "summaryKeys"), values: initialOf(state, "summaryValues") },
  };
}

/** The state's summaries that are there, bool `[batch or 1, 1, 1, summaries]`: the last of as many as blocks were complete. */
export function complete({ seen, size, before }: Call): Value {
  const capacity = before?.keys.shape[2] ?? 0;
  const blocks = over(quotient(seen, integers([size])));
  return not(less(add(range(capacity, [1, 1, 1, capacity]), blocks), integers([capacity])));
}

/** What later calls need: the newest tokens, and the summaries of complete blocks. */
export function stateAfter(call: Call, summaries: Summaries): RecurrentState {
  const { before, filled, count, size } = call;
  if (before === undefined) return {};
  const finished = quotient(add(filled, count), integers([size]));
  const capacity = before.keys.shape[2] ?? 0;
  return {
    blockQueries: newest(call.queries, size, count),
    blockKeys: newest(call.keys, size, count),
    blockValues: newest(call.values, size, count),
    summaryKeys: newest(summaries.keys, capacity, finished),
    summaryValues: newest(summaries.values, capacity, finished),
  };
}
