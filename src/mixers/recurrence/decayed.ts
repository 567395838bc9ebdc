/** S_t = α_t S_{t−1} + k_tᵀ v_t with a decay α per head or per feature (arXiv 2307.08621, 2312.06635, 2405.21060). */
import {
  add,
  broadcastTo,
  concat,
  cumulativeSum,
  exp,
  linearScan,
  matmul,
  multiply,
  pad,
  scalar,
  slice,
  subtract,
  type Value,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { chunkFor, fromChunks, toChunks } from "./chunks.ts";
import {
  decayedWeights,
  exactWeights,
  fadedFromStart,
  fadedToEnd,
  headWeights,
  notTooSteep,
} from "./decayed-weights.ts";
import { fusedRecurrence } from "./fused.ts";
import { gateOf, initialOf, outer, swapLast } from "./parts.ts";
import type { ChunkedTokens, Recurred, Recurrence, RecurrentState, Tokens } from "./recurrence.ts";

/** What a query reads: the state with its own token in it, or the state before it. */
export type ReadOrder = "after" | "before";

/** Options of a decayed state. */
export interface DecayedOptions {
  readonly per: "head" | "feature";
  readonly order: ReadOrder;
}

const below = { after: 0, before: 1 } as const;

/** The decays of all tokens, `[batch, heads, length, width]`. */
export function spread({ queries, gates }: Tokens): Value {
  const decay = gateOf(gates, "decay");
  const [batch = 1, heads = 1, length = 1] = queries.shape;
  return broadcastTo(decay, [batch, heads, length, decay.shape[3] ?? 1]);
}

/** Cumulative decays as the queries see them: with their own, or up to the token before. */
const seenBy = (order: ReadOrder, cumulative: Value, decay: Value) =>
  order === "after" ? cumulative : subtract(cumulative, decay);

function parallel({ per, order }: DecayedOptions, tokens: Tokens): Recurred {
  const { queries, keys, state } = tokens;
  const [, heads = 1, length = 1] = queries.shape;
  const values = repeatHeads(tokens.values, heads);
  const decay = spread(tokens);
  const reach = cumulativeSum(decay, 2);
  const seen = seenBy(order, reach, decay);
  const pairs = { queries, keys, queryDecay: seen, keyDecay: reach, below: below[order] };
  const weights = per === "head" ? headWeights(pairs) : exactWeights(pairs);
  const whole = slice(reach, 2, length - 1);
  const written = outer(multiply(keys, exp(subtract(whole, reach))), values);
  const read = matmul(weights, values);
  if (state === undefined) return { output: read, state: { recurrent: written } };
  const initial = initialOf(state, "recurrent");
  return {
    output: add(read, matmul(multiply(queries, exp(seen)), initial)),
    state: { recurrent: add(written, multiply(initial, exp(swapLast(whole)))) },
  };
}

/** The state as it is before each chunk, and after the last. */
export interface CarriedStates {
  /** `[chunks, batch, heads, features, columns]`. */
  readonly before: Value;
  readonly final: Value;
}

/** Carries a state over chunks: `factors` `[chunks, batch, heads, features or 1, 1]`. */
export function carry(factors: Value, written: Value, state: RecurrentState | undefined): CarriedStates {
  const initial = state === undefined ? scalar(0, written.shape.slice(1)) : initialOf(state, "recurrent");
  return linearScan(factors, written, initial);
}

function chunked({ per, order }: DecayedOptions, tokens: ChunkedTokens): Recurred {
  const [, heads = 1, length = 1] = tokens.queries.shape;
  const chunk = chunkFor(length, tokens.chunk);
  const cut = (x: Value) => toChunks(x, chunk);
  const values = repeatHeads(tokens.values, heads);
  const [queries, keys, v] = [tokens.queries, tokens.keys, values].map(cut) as [Value, Value, Value];
  const decay = cut(per === "head" ? spread(tokens) : notTooSteep(spread(tokens)));
  const reach = cumulativeSum(decay, 3);
  const seen = seenBy(order, reach, decay);
  const whole = slice(reach, 3, chunk - 1);
  const pairs = { queries, keys, queryDecay: seen, keyDecay: reach, below: below[order] };
  const weights = per === "head" ? headWeights(pairs) : decayedWeights(pairs);
  const fading = per === "feature";
  const toEnd = fading ? fadedToEnd(keys, seen, reach) : multiply(keys, exp(subtract(whole, reach)));
  const fromStart = fading ? fadedFromStart(queries, seen, reach) : multiply(queries, exp(seen));
  const states = carry(exp(swapLast(whole)), outer(toEnd, v), tokens.state);
  const read = add(matmul(weights, v), matmul(fromStart, states.before));
  return { output: fromChunks(read, length), state: { recurrent: states.final } };
}

function step({ order }: DecayedOptions, tokens: Tokens): Recurred {
  const { queries, keys, state } = tokens;
  const values = repeatHeads(tokens.values, queries.shape[1] ?? 1);
  const written = outer(keys, values);
  const initial = state === undefined ? scalar(0, written.shape) : initialOf(state, "recurrent");
  const next = add(multiply(initial, exp(swapLast(spread(tokens)))), written);
  return { output: matmul(queries, order === "after" ? next : initial), state: { recurrent: next } };
}

/** The fused operator reads after the write: each query is handed to it one token early where it is to read before. */
function fused({ order, ...options }: DecayedOptions, tokens: Tokens): Recurred {
  const after = (same: Tokens) => fusedRecurrence(same, (chunks) => chunked({ ...options, order: "after" }, chunks));
  if (order === "after") return after(tokens);
  const { queries, keys, state } = tokens;
  const [batch = 1, heads = 1, , features = 1] = queries.shape;
  const columns = tokens.values.shape[3] ?? 1;
  const initial = state === undefined ? scalar(0, [batch, heads, features, columns]) : initialOf(state, "recurrent");
  const first = matmul(slice(queries, 2, 0, 1), initial);
  if (keys.shape[2] === 1) return { output: first, state: after(tokens).state };
  const recurred = after({ ...tokens, queries: pad(slice(queries, 2, 1), 2, 0, 1) });
  return { output: concat([first, slice(recurred.output, 2, 0, -1)], 2), state: recurred.state };
}

/** The additive state with a decay. */
export function decayed(options: DecayedOptions): Recurrence {
  return {
    layout: ({ batch, heads, features, columns }) => ({ recurrent: [batch, heads, features, columns] }),
    parallel: (tokens) => parallel(options, tokens),
    chunked: (tokens) => chunked(options, tokens),
    step: (tokens) => step(options, tokens),
    fused: (tokens) => fused(options, tokens),
  };
}
