/**
 * Softmax attention read by regression over all kept tokens, with weights p = softmax(q·k / √d).
 * Local linear attention (arXiv 2510.01450): the value at the query itself of the ridge regression of values on X_j = k_j − q:
 * o = Σ_j p_j (1 − X_j·ρ) v_j / (1 − μ·ρ), μ = Σ p X, ρ = (Σ p XᵀX + λ)⁻¹ μ; λ → ∞ is softmax attention.
 */
import {
  add,
  divide,
  gradient,
  matmul,
  multiply,
  negate,
  reshape,
  softmax,
  stopGradient,
  subtract,
  sum,
  type Value,
  where,
  withGradient,
} from "../../graph/index.ts";
import { type Kept, keeping } from "./keeping.ts";
import { gateOf, initialOf } from "./parts.ts";
import type { Recurrence } from "./recurrence.ts";
import { conjugateGradients, identity, positiveInverse } from "./solve.ts";
import { hidden } from "./triangle.ts";

const inner = (a: Value, b: Value) => sum(multiply(a, b), [-1]);

/** The softmax weights of the tokens that each query sees, `[batch, heads, length, tokens]`. */
export function softmaxWeights({ queries, keys, sees }: Kept): Value {
  const scale = (queries.shape[3] ?? 1) ** -0.5;
  return softmax(where(sees, matmul(queries, keys, { transposeB: true, scale }), hidden));
}

/** What a query's regression is made of. */
interface Sources {
  readonly weights: Value;
  readonly queries: Value;
  readonly keys: Value;
  /** λ of each head, `[1, heads, 1, 1]`. */
  readonly ridge: Value;
}

/** X_j·a for every token, `[batch, heads, length, tokens]`. */
const along = ({ queries, keys }: Sources, a: Value) =>
  subtract(matmul(a, keys, { transposeB: true }), inner(queries, a));

/** Σ_j w_j X_j. */
const centred = ({ queries, keys }: Sources, weights: Value) =>
  subtract(matmul(weights, keys), multiply(sum(weights, [-1]), queries));

/** (Σ p XᵀX + λ) a. */
const applied = (sources: Sources, a: Value) =>
  add(centred(sources, multiply(sources.weights, along(sources, a))), multiply(a, sources.ridge));

/** ρ by conjugate gradients; its gradient solves the same systems once more. */
function solved(sources: Sources, mean: Value, iterations: number): Value {
  const copies = Object.fromEntries(Object.entries(sources).map(([name, x]) => [name, stopGradient(x)]));
  const own = copies as unknown as Sources;
  const solve = (b: Value) => conjugateGradients((a) => applied(own, a), b, iterations);
  const slope = solve(stopGradient(mean));
  return withGradient(slope, [mean, ...Object.values(sources)], (upstream) => {
    const back = solve(upstream);
    const rows = applied(own, stopGradient(slope));
    return [back, ...gradient([{ value: rows, gradient: negate(back) }], Object.values(copies))];
  });
}

/** ρ by the inverse of each query's matrix, with all differences X. */
function inverted({ weights, queries, keys, ridge }: Sources, mean: Value): Value {
  const [batch = 1, heads = 1, length = 1, features = 1] = queries.shape;
  const rows = (x: Value) => reshape(x, [batch, heads, length, 1, features]);
  const tokens = keys.shape[2] ?? 1;
  const differences = subtract(reshape(keys, [batch, heads, 1, tokens, features]), rows(queries));
  const weighed = multiply(differences, reshape(weights, [batch, heads, length, tokens, 1]));
  const products = matmul(weighed, differences, { transposeA: true });
  const ridges = multiply(reshape(ridge, [1, heads, 1, 1, 1]), identity(features));
  return reshape(matmul(rows(mean), positiveInverse(add(products, ridges)), { transposeB: true }), queries.shape);
}

function regressed(kept: Kept, solve: (sources: Sources, mean: Value) => Value): Value {
  const { queries, keys, values, constants } = kept;
  const weights = softmaxWeights(kept);
  const sources = { weights, queries, keys, ridge: initialOf(constants, "ridge") };
  const mean = centred(sources, weights);
  const slope = solve(sources, mean);
  const read = matmul(multiply(weights, subtract(1, along(sources, slope))), values);
  return divide(read, subtract(1, inner(mean, slope)));
}

/** Iterations beyond those that are exact without rounding. */
const spare = 4;

/** Why no form is linear. */
export const quadratic =
  "each query reads all keys: the work grows with the square of the length, and no operator fuses it";

/** Local linear attention: constant `ridge`. */
export function localLinear(iterations: number | undefined): Recurrence {
  const most = ({ queries }: Sources) => iterations ?? (queries.shape[3] ?? 1) + spare;
  return keeping(
    {
      parallel: (kept) => regressed(kept, inverted),
      chunked: (kept) => regressed(kept, (sources, mean) => solved(sources, mean, most(sources))),
    },
    { fused: quadratic },
  );
}

/** E[v] − Cov(r·k, v) under p: Parallax's amortised regression with the learned slope r (gate `slope`). */
export const covarying: Recurrence = keeping(
  {
    parallel: (kept) => {
      const weights = softmaxWeights(kept);
      const heights = matmul(gateOf(kept.gates, "slope"), kept.keys, { transposeB: true });
      const above = subtract(heights, sum(multiply(weights, heights), [-1]));
      return matmul(multiply(weights, subtract(1, above)), kept.values);
    },
    chunked: (kept) => {
      const weights = softmaxWeights(kept);
      const moved = multiply(weights, matmul(gateOf(kept.gates, "slope"), kept.keys, { transposeB: true }));
      const mean = matmul(weights, kept.values);
      return subtract(multiply(mean, add(1, sum(moved, [-1]))), matmul(moved, kept.values));
    },
  },
  { fused: quadratic },
);
