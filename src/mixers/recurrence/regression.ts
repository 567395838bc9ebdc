/**
 * States read by regression: o_t = ((P_t + diag λ)⁻¹ q_t) S_t with P_t = α_t P_{t−1} + β_t k_tᵀ k_t and S_t = α_t S_{t−1} + β_t k_tᵀ v_t, the
 * ridge regression of all values on their keys (MesaNet, arXiv 2506.05233).
 */
import {
  add,
  cumulativeSum,
  exp,
  gradient,
  matmul,
  multiply,
  negate,
  reshape,
  scalar,
  stopGradient,
  subtract,
  type Value,
  withGradient,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { decayed, spread } from "./decayed.ts";
import { gateOf, initialOf, swapLast } from "./parts.ts";
import type { ChunkedTokens, Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { conjugateGradients, identity, positiveInverse } from "./solve.ts";
import { earlierBias } from "./triangle.ts";

const byHead = decayed({ per: "head", order: "after" });

/** Options of a regression. */
export interface RegressionOptions {
  /** Added to every ridge λ. */
  readonly floor: number;
  /** Iterations of conjugate gradients (default: a few more than there are features, against rounding). */
  readonly iterations: number | undefined;
}

/** Iterations beyond those that are exact without rounding. */
const spare = 4;

/** What a regression is made of: all that the matrices P_t + diag λ follow from. */
interface Sources {
  readonly keys: Value;
  /** β k. */
  readonly written: Value;
  readonly decay: Value;
  readonly ridge: Value;
  /** P before the first token. */
  readonly products: Value;
}

type Form = "chunked" | "step";

function run(form: Form, tokens: Tokens, chunk: number): Recurred {
  return form === "step" ? byHead.step(tokens) : byHead.chunked({ ...tokens, chunk, wholeChunks: false });
}

/** The state of products read by rows x, from P or from its transpose. */
function multiplied(form: Form, chunk: number, { keys, written, decay, products }: Sources, x: Value): Recurred {
  return run(form, { queries: x, keys, values: written, gates: { decay }, state: { recurrent: products } }, chunk);
}

/** (P_t + diag λ) x_t for every token. */
function applied(form: Form, chunk: number, sources: Sources, x: Value): Value {
  const { output } = multiplied(form, chunk, { ...sources, products: swapLast(sources.products) }, x);
  return add(output, multiply(x, sources.ridge));
}

/** The solution for every query; its gradient solves the same systems once more. */
function solved(form: Form, chunk: number, sources: Sources, queries: Value, iterations: number): Value {
  const inputs = [queries, ...Object.values(sources)];
  const copies = Object.fromEntries(Object.entries(sources).map(([name, x]) => [name, stopGradient(x)]));
  const own = copies as unknown as Sources;
  const solve = (b: Value) => conjugateGradients((x) => applied(form, chunk, own, x), b, iterations);
  const x = solve(stopGradient(queries));
  return withGradient(x, inputs, (upstream) => {
    const back = solve(upstream);
    const rows = applied(form, chunk, own, stopGradient(x));
    return [back, ...gradient([{ value: rows, gradient: negate(back) }], Object.values(copies))];
  });
}

function sourcesOf({ floor }: RegressionOptions, tokens: Tokens): Sources {
  const { queries, keys, gates, state } = tokens;
  const [batch = 1, heads = 1, , features = 1] = queries.shape;
  return {
    keys,
    written: multiply(keys, gateOf(gates, "strength")),
    decay: spread(tokens),
    ridge: add(gateOf(gates, "ridge"), floor),
    products: state ? initialOf(state, "products") : scalar(0, [batch, heads, features, features]),
  };
}

/** The memory of values, read by the solutions. */
function read(tokens: Tokens, queries: Value): Tokens {
  const strength = gateOf(tokens.gates, "strength");
  const state = tokens.state && { recurrent: initialOf(tokens.state, "recurrent") };
  return {
    queries,
    keys: tokens.keys,
    values: multiply(repeatHeads(tokens.values, queries.shape[1] ?? 1), strength),
    gates: { decay: spread(tokens) },
    ...(state && { state }),
  };
}

function iterated(form: Form, options: RegressionOptions, tokens: Tokens, chunk: number): Recurred {
  const sources = sourcesOf(options, tokens);
  const iterations = options.iterations ?? (tokens.queries.shape[3] ?? 1) + spare;
  const solutions = solved(form, chunk, sources, tokens.queries, iterations);
  const { output, state } = run(form, read(tokens, solutions), chunk);
  const products = multiplied(form, chunk, sources, tokens.queries).state;
  return { output, state: { ...state, products: initialOf(products, "recurrent") } };
}

/** Every token's matrix inverted as it is, `[batch, heads, length, features, features]`. */
function parallel(options: RegressionOptions, tokens: Tokens): Recurred {
  const { keys, written, decay, ridge, products } = sourcesOf(options, tokens);
  const [batch = 1, heads = 1, length = 1, features = 1] = keys.shape;
  const reach = cumulativeSum(decay, 2);
  const fading = exp(add(subtract(reach, swapLast(reach)), earlierBias(length)));
  const each = multiply(reshape(keys, [...keys.shape, 1]), reshape(written, [batch, heads, length, 1, features]));
  const own = matmul(fading, reshape(each, [batch, heads, length, features ** 2]));
  const carried = multiply(exp(reach), reshape(products, [batch, heads, 1, features ** 2]));
  const sums = reshape(add(own, carried), [batch, heads, length, features, features]);
  const ridges = multiply(reshape(ridge, [...ridge.shape, 1]), identity(features));
  const rows = reshape(tokens.queries, [batch, heads, length, 1, features]);
  const solutions = reshape(matmul(rows, positiveInverse(add(sums, ridges)), { transposeB: true }), keys.shape);
  const { output, state } = byHead.parallel(read(tokens, solutions));
  const kept = { queries: keys, keys, values: written, gates: { decay }, state: { recurrent: products } };
  return { output, state: { ...state, products: initialOf(byHead.parallel(kept).state, "recurrent") } };
}

/** A state read by regression: gates `decay` per head, `strength` (β) and `ridge` (λ without its floor, per feature). */
export function regression(options: RegressionOptions): Recurrence {
  return {
    layout: ({ batch, heads, features, columns }) => ({
      recurrent: [batch, heads, features, columns],
      products: [batch, heads, features, features],
    }),
    parallel: (tokens) => parallel(options, tokens),
    chunked: (tokens: ChunkedTokens) => iterated("chunked", options, tokens, tokens.chunk),
    step: (tokens) => iterated("step", options, tokens, 1),
    lacks: { fused: "the engine has no operator that solves linear systems" },
  };
}
