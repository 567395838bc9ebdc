/**
 * A linear memory that learns from a window of tokens at every step, ATLAS' Omega rule (arXiv 2505.23735): with g_i the gradients of
 * ½ ‖k_i W − v_i‖² at the memory that the running chunk began with, V_t = θ_t V_{t−1} + Σ γ_i k_iᵀ g_i over the newest tokens i, and
 * W_t = α_t W_{t−1} − η_t N(V_t), where N is the identity or brings V_t near an orthogonal matrix.
 */
import {
  add,
  and,
  broadcastTo,
  concat,
  cumulativeSum,
  equal,
  exp,
  greater,
  less,
  matmul,
  multiply,
  numbers,
  reshape,
  scalar,
  slice,
  subtract,
  sum,
  type Value,
  where,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import type { Places } from "./mini-batch-layout.ts";
import type { Learned, Learner, Rows } from "./mini-batches.ts";
import { fadingOf } from "./momentum.ts";
import { nearlyOrthogonal } from "./orthogonal.ts";
import { eachOf, outer, swapLast } from "./parts.ts";
import type { RecurrentState, Tokens } from "./recurrence.ts";

/** Options of the memory. */
export interface WindowedOptions {
  /** Tokens of a chunk. */
  readonly size: number;
  /** Tokens of the window, the newest included. */
  readonly window: number;
  /** Newton–Schulz iterations; 0 for the velocity as it is. */
  readonly iterations: number;
}

function rows(tokens: Tokens): Rows {
  const { queries, keys, values } = tokens;
  const gates = ["rate", "keep", "decay", "weight"].map((name) => [name, eachOf(tokens, name)]);
  return { queries, keys, values: repeatHeads(values, queries.shape[1] ?? 1), ...Object.fromEntries(gates) };
}

const range = (from: number, count: number) => Array.from({ length: count }, (_unused, index) => from + index);

/** The tokens of the window before a part and those of the part, with their places in it; the recent ones' are negative at its start. */
interface Window {
  readonly keys: Value;
  readonly values: Value;
  /** γ, and 0 for places without a token. */
  readonly weights: Value;
  /** `[batch or 1, 1, 1, recent + places]`. */
  readonly places: Value;
  /** Where the last real token stands, `[batch or 1, 1, 1, 1]`. */
  readonly end: Value;
}

const of = (named: Readonly<Record<string, Value>>, name: string) => named[name] as Value;

function windowOf(memory: RecurrentState, all: Rows, { real }: Places, recent: number): Window {
  const size = real.shape[2] ?? 1;
  // Places before the first real token are those of earlier calls.
  const lead = sum(where(equal(cumulativeSum(real, 2), 0), 1, 0), [2]);
  const own = broadcastTo(numbers(range(0, size), [1, 1, 1, size]), [lead.shape[0] ?? 1, 1, 1, size]);
  const before = add(lead, numbers(range(-recent, recent), [1, 1, 1, recent]));
  return {
    keys: concat([of(memory, "recentKeys"), of(all, "keys")], 2),
    values: concat([of(memory, "recentValues"), of(all, "values")], 2),
    weights: concat([of(memory, "recentWeights"), multiply(of(all, "weight"), real)], 2),
    places: concat([before, own], 3),
    end: subtract(add(lead, sum(real, [2])), 1),
  };
}

/** The window's newest tokens after a part, for the next. */
function recentAfter({ keys, values, weights, places, end }: Window, { real }: Places, recent: number) {
  const wanted = add(end, numbers(range(1 - recent, recent), [1, 1, recent, 1]));
  // Places of the part that hold no token are not those of earlier calls.
  const held = concat([broadcastTo(scalar(1), [real.shape[0] ?? 1, 1, 1, recent]), swapLast(real)], 3);
  const chosen = where(and(equal(places, wanted), greater(held, 0)), 1, 0);
  return {
    recentKeys: matmul(chosen, keys),
    recentValues: matmul(chosen, values),
    recentWeights: matmul(chosen, weights),
  };
}

function learner({ window, iterations }: WindowedOptions) {
  const recent = window - 1;
  return (memory: RecurrentState, all: Rows, places: Places): Learned => {
    const [queries, weights, velocity] = [of(all, "queries"), of(memory, "recurrent"), of(memory, "velocity")];
    const origin = where(greater(places.begun, 0), of(memory, "start"), weights);
    const near = windowOf(memory, all, places, recent);
    const errors = multiply(subtract(matmul(near.keys, origin), near.values), near.weights);
    const size = queries.shape[2] ?? 1;
    const row = numbers(range(0, size), [1, 1, size, 1]);
    const inside = and(less(near.places, add(row, 1)), greater(near.places, subtract(row, window)));
    const [reach, steps] = [cumulativeSum(of(all, "decay"), 2), cumulativeSum(of(all, "keep"), 2)];
    // How each token of the window reaches each velocity, and each velocity each state.
    const gathered = matmul(fadingOf(steps), where(inside, places.real, 0));
    const moving = multiply(fadingOf(reach), swapLast(multiply(of(all, "rate"), places.real)));
    const last = (x: Value) => slice(x, 2, size - 1);
    const kept = multiply(exp(reach), matmul(queries, weights));
    const moved = iterations === 0 ? direct : throughMatrices(iterations);
    const { output, total } = moved({ queries, keys: near.keys, errors, velocity, steps, gathered, moving });
    const left = outer(multiply(near.keys, swapLast(last(gathered))), errors);
    return {
      output: subtract(kept, output),
      memory: {
        recurrent: subtract(multiply(exp(last(reach)), weights), total),
        velocity: add(multiply(exp(last(steps)), velocity), left),
        start: where(greater(places.any, 0), origin, of(memory, "start")),
        ...recentAfter(near, places, recent),
      },
    };
  };
}

/** A part's velocities, by what makes them. */
interface Velocities {
  readonly queries: Value;
  readonly keys: Value;
  readonly errors: Value;
  /** The velocity before the part. */
  readonly velocity: Value;
  readonly steps: Value;
  readonly gathered: Value;
  readonly moving: Value;
}

/** What the velocities' sums give for each query, and their sum over the part. */
interface Moved {
  readonly output: Value;
  readonly total: Value;
}

/** By products of tokens. */
function direct({ queries, keys, errors, velocity, steps, gathered, moving }: Velocities): Moved {
  const [reaching, carried] = [matmul(moving, gathered), matmul(moving, exp(steps))];
  const last = (x: Value) => slice(x, 2, (x.shape[2] ?? 1) - 1);
  const pairs = multiply(matmul(queries, keys, { transposeB: true }), reaching);
  return {
    output: add(matmul(pairs, errors), multiply(carried, matmul(queries, velocity))),
    total: add(outer(multiply(keys, swapLast(last(reaching))), errors), multiply(last(carried), velocity)),
  };
}

/** By the velocities themselves, each brought near an orthogonal matrix. */
function throughMatrices(iterations: number) {
  return ({ queries, keys, errors, velocity, steps, gathered, moving }: Velocities): Moved => {
    const [batch = 1, heads = 1, size = 1, features = 1] = queries.shape;
    const [count = 1, columns = 1] = errors.shape.slice(2);
    const each = multiply(
      reshape(keys, [batch, heads, count, features, 1]),
      reshape(errors, [batch, heads, count, 1, columns]),
    );
    const fresh = matmul(gathered, reshape(each, [batch, heads, count, features * columns]));
    const old = multiply(exp(steps), reshape(velocity, [batch, heads, 1, features * columns]));
    const matrices = reshape(add(fresh, old), [batch, heads, size, features, columns]);
    const turned = reshape(nearlyOrthogonal(matrices, iterations), [batch, heads, size, features * columns]);
    const sums = reshape(matmul(moving, turned), [batch, heads, size, features, columns]);
    const read = matmul(reshape(queries, [batch, heads, size, 1, features]), sums);
    return {
      output: reshape(read, [batch, heads, size, columns]),
      total: reshape(slice(sums, 2, size - 1), [batch, heads, features, columns]),
    };
  };
}

/**
 * The memory: `recurrent` (W), `velocity` (V), `start`, W as it was when the running chunk began, and the window's tokens before the
 * newest. Gates: `decay` (log α), `keep` (log θ), `rate` (η) and `weight` (γ).
 */
export function windowedDescent(options: WindowedOptions): Learner {
  const recent = options.window - 1;
  return {
    size: options.size,
    layout: ({ batch, heads, features, columns }) => {
      const shape = [batch, heads, features, columns];
      return {
        recurrent: shape,
        velocity: shape,
        start: shape,
        recentKeys: [batch, heads, recent, features],
        recentValues: [batch, heads, recent, columns],
        recentWeights: [batch, heads, recent, 1],
      };
    },
    rows,
    learn: learner(options),
    finish: (readings) => readings,
  };
}
