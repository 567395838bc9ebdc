/**
 * The delta rule with momentum: M_t = μ_t M_{t−1} − η_t k_tᵀ (v_t − p_t S_{t−1}), S_t = α_t S_{t−1} − β_t M_t. Errors
 * x_t = v_t − p_t S_{t−1} reach a later state by Γ_ts = η_s Σ_{s≤r≤t} α_{r..t} β_r μ_{s..r}: a product of two triangular matrices,
 * so that a chunk is one triangular solve for its errors.
 */
import {
  add,
  concat,
  cumulativeSum,
  exp,
  linearScan,
  matmul,
  multiply,
  negate,
  pad,
  scalar,
  slice,
  subtract,
  type Value,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { chunkFor, fromChunks, toChunks } from "./chunks.ts";
import { eachOf, initialOf, outer, swapLast } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { identity } from "./solve.ts";
import { earlierBias, lower, unitLowerInverse } from "./triangle.ts";

/** Tokens with all gates per token: `[…, length, width]`. */
interface Rows {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
  /** p. */
  readonly recall: Value;
  /** log α, log μ, η and β, `[…, length, 1]`. */
  readonly decay: Value;
  readonly keep: Value;
  readonly rate: Value;
  readonly strength: Value;
}

function rowsOf(tokens: Tokens): Rows {
  const { queries, keys, values } = tokens;
  return {
    queries,
    keys,
    values: repeatHeads(values, queries.shape[1] ?? 1),
    recall: eachOf(tokens, "recall"),
    decay: eachOf(tokens, "decay"),
    keep: eachOf(tokens, "keep"),
    rate: eachOf(tokens, "rate"),
    strength: eachOf(tokens, "strength"),
  };
}

/** Factors between pairs of tokens, exp(reach_t − reach_s) for s ≤ t, of `[…, length, 1]`. */
export function fadingOf(reach: Value): Value {
  const size = reach.shape.at(-2) ?? 1;
  return exp(add(subtract(reach, swapLast(reach)), earlierBias(size)));
}

/** The rows of the tokens before: the first row is `first`. */
function before(x: Value, first: number): Value {
  const axis = x.shape.length - 2;
  const [size = 1, width = 1] = x.shape.slice(-2);
  const start = scalar(first, [...x.shape.slice(0, -2), 1, width]);
  return size === 1 ? start : concat([start, slice(x, axis, 0, size - 1)], axis);
}

/**
 * How a token's numbers spread over a chunk, from log decays of the state and of the velocity, rates and strengths `[…, length, 1]`:
 * `reaching` `[…, length, length]` says how an error reaches each later state, `carried` how the velocity before the chunk does.
 */
export function spreading(decay: Value, keep: Value, rate: Value, strength: Value) {
  const [reach, steps] = [cumulativeSum(decay, -2), cumulativeSum(keep, -2)];
  const moving = multiply(fadingOf(reach), swapLast(strength));
  const reaching = multiply(matmul(moving, fadingOf(steps)), swapLast(rate));
  return { reach, steps, reaching, carried: matmul(moving, exp(steps)) };
}

/** A chunk as linear functions of the state [S; M] before it: o = read S + own, next = pass S + added. */
function linear({ queries, keys, values, recall, decay, keep, rate, strength }: Rows) {
  const size = keys.shape.at(-2) ?? 1;
  const { reach, steps: kept, reaching, carried } = spreading(decay, keep, rate, strength);
  const stacked = (x: Value, ofState: Value, ofVelocity: Value) =>
    concat([multiply(x, ofState), negate(multiply(x, ofVelocity))], -1);
  const byErrors = multiply(matmul(queries, keys, { transposeB: true }), reaching);
  const recalled = multiply(lower(matmul(recall, keys, { transposeB: true }), 1), before(reaching, 0));
  const inverse = unitLowerInverse(recalled);
  const errorsOfState = matmul(inverse, stacked(recall, before(exp(reach), 1), before(carried, 0)));
  const errors = matmul(inverse, values);
  const last = (x: Value) => slice(x, -2, size - 1);
  const written = swapLast(last(reaching));
  const velocity = multiply(exp(subtract(last(kept), kept)), rate);
  const both = concat([multiply(keys, written), negate(multiply(keys, velocity))], -1);
  return {
    read: subtract(stacked(queries, exp(reach), carried), matmul(byErrors, errorsOfState)),
    own: matmul(byErrors, errors),
    pass: subtract(passing(keys, last(exp(reach)), last(carried), last(exp(kept))), outer(both, errorsOfState)),
    added: outer(both, errors),
  };
}

/** [[a I, −f I], [0, m I]], `[…, 2 features, 2 features]`, of numbers `[…, 1, 1]`. */
function passing(keys: Value, a: Value, f: Value, m: Value): Value {
  const features = keys.shape.at(-1) ?? 1;
  const diagonal = identity(features);
  const axis = keys.shape.length - 1;
  const upper = concat([multiply(diagonal, a), negate(multiply(diagonal, f))], axis);
  return concat([upper, pad(multiply(diagonal, m), axis, features, 0)], axis - 1);
}

/** [S; M] before the first token. */
function stackedState({ queries, values, state }: Tokens): Value {
  const [batch = 1, heads = 1, , features = 1] = queries.shape;
  if (state === undefined) return scalar(0, [batch, heads, 2 * features, values.shape[3] ?? 1]);
  return concat([initialOf(state, "recurrent"), initialOf(state, "velocity")], 2);
}

function named(stacked: Value): Recurred["state"] {
  const features = (stacked.shape[2] ?? 2) / 2;
  return { recurrent: slice(stacked, 2, 0, features), velocity: slice(stacked, 2, features) };
}

function inChunks(tokens: Tokens, most: number): Recurred {
  const length = tokens.queries.shape[2] ?? 1;
  const chunk = chunkFor(length, most);
  const cut = Object.entries(rowsOf(tokens)).map(([name, x]) => [name, toChunks(x, chunk)]);
  const { read, own, pass, added } = linear(Object.fromEntries(cut) as Rows);
  const states = linearScan(pass, added, stackedState(tokens), { matrix: true });
  return {
    output: fromChunks(add(own, matmul(read, states.before)), length),
    state: named(states.final),
  };
}

function step(tokens: Tokens): Recurred {
  const { queries, keys, values, recall, decay, keep, rate, strength } = rowsOf(tokens);
  const { recurrent, velocity } = named(stackedState(tokens)) as { recurrent: Value; velocity: Value };
  const error = subtract(values, matmul(recall, recurrent));
  const moved = subtract(multiply(velocity, exp(keep)), outer(keys, multiply(error, rate)));
  const next = subtract(multiply(recurrent, exp(decay)), multiply(moved, strength));
  return { output: matmul(queries, next), state: { recurrent: next, velocity: moved } };
}

/** The delta rule with momentum: gates `decay` (log α), `keep` (log μ), `rate` (η), `strength` (β) and `recall` (p). */
export const momentumDelta: Recurrence = {
  layout: ({ batch, heads, features, columns }) => ({
    recurrent: [batch, heads, features, columns],
    velocity: [batch, heads, features, columns],
  }),
  parallel: (tokens) => inChunks(tokens, Infinity),
  chunked: (tokens) => inChunks(tokens, tokens.chunk),
  step,
  lacks: { fused: "the fused operator carries no velocity" },
};
