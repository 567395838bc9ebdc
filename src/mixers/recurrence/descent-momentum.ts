/**
 * A linear memory that learns with momentum and forgets, Titans (arXiv 2501.00663): V_t = η_t V_{t−1} − θ_t k_tᵀ g_t and
 * W_t = α_t W_{t−1} + V_t, with the gradient g_t taken at the memory that the token's chunk began with.
 */
import { add, exp, greater, matmul, multiply, slice, subtract, type Value, where } from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { normOf } from "./descent.ts";
import type { Places } from "./mini-batch-layout.ts";
import type { Learned, Learner, Rows } from "./mini-batches.ts";
import { spreading } from "./momentum.ts";
import { eachOf, outer, swapLast } from "./parts.ts";
import { lossGradient, withNorm } from "./reconstruction.ts";
import type { RecurrentState, Tokens } from "./recurrence.ts";

function rows(tokens: Tokens): Rows {
  const { queries, keys, values } = tokens;
  const gates = ["rate", "keep", "decay"].map((name) => [name, eachOf(tokens, name)]);
  return { queries, keys, values: repeatHeads(values, queries.shape[1] ?? 1), ...Object.fromEntries(gates) };
}

function learner(published: boolean) {
  return (memory: RecurrentState, all: Rows, places: Places, tokens: Tokens): Learned => {
    const { queries, keys, values, rate, keep, decay } = all as Record<string, Value> as Required<Rows>;
    const [q, k, v] = [queries, keys, values] as [Value, Value, Value];
    const { recurrent, velocity, start } = memory as Record<string, Value>;
    const [weights, speed] = [recurrent as Value, velocity as Value];
    const origin = where(greater(places.begun, 0), start as Value, weights);
    const target = subtract(v, k);
    const gradients = multiply(lossGradient(matmul(k, origin), target, normOf(tokens), published), places.real);
    const [fading, kept] = [decay, keep] as [Value, Value];
    // Places without a token move nothing: their velocity has no strength.
    const { reach, steps, reaching, carried } = spreading(fading, kept, rate as Value, places.real);
    const last = (x: Value) => slice(x, 2, (k.shape[2] ?? 1) - 1);
    const pairs = multiply(matmul(q, k, { transposeB: true }), reaching);
    const output = subtract(
      add(multiply(exp(reach), matmul(q, weights)), multiply(carried, matmul(q, speed))),
      matmul(pairs, gradients),
    );
    const written = outer(multiply(k, swapLast(last(reaching))), gradients);
    const moved = outer(multiply(k, multiply(exp(subtract(last(steps), steps)), rate as Value)), gradients);
    return {
      output,
      memory: {
        recurrent: subtract(add(multiply(exp(last(reach)), weights), multiply(last(carried), speed)), written),
        velocity: subtract(multiply(exp(last(steps)), speed), moved),
        start: where(greater(places.any, 0), origin, start as Value),
      },
    };
  };
}

/**
 * The memory: `recurrent` (W), `velocity` (V) and `start`, W as it was when the running chunk began. Gates: `decay` (log α), `keep`
 * (log η), `rate` (θ) and the loss's norm.
 */
export function descentWithMomentum(size: number, published: boolean): Learner {
  return {
    size,
    layout: ({ batch, heads, features, columns }) => {
      const shape = [batch, heads, features, columns];
      return { recurrent: shape, velocity: shape, start: shape };
    },
    rows,
    learn: learner(published),
    finish: (readings, tokens) => withNorm(readings, normOf(tokens)),
  };
}
