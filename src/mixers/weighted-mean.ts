/** (a n + b m) / (a c + b d): two branches divided by their joint sum of weights, with a gradient of few passes. */
import { add, divide, equal, multiply, type Operand, scalar, type Value, where, withGradient } from "../graph/index.ts";
import type { Weighted } from "./normalize.ts";

const lift = (operand: Operand) => (typeof operand === "number" ? scalar(operand) : operand);

/**
 * The weighted mean of two branches: numerators `[batch, heads, length, dim]`, denominators and weights that broadcast
 * against `[batch, heads, length, 1]`; 0 where the weights sum to 0. The gradients of the weights are differences of the
 * branches, not of sums: exactly zero where a branch is empty.
 */
export function weightedMean(first: Weighted, second: Weighted): Value {
  const [a, b] = [lift(first.weight), lift(second.weight)];
  const [n, m] = [first.numerator, second.numerator];
  const [c, d] = [lift(first.denominator ?? 1), lift(second.denominator ?? 1)];
  const total = add(multiply(a, c), multiply(b, d));
  const divisor = where(equal(total, 0), 1, total);
  const [left, right] = [divide(a, divisor), divide(b, divisor)];
  const mean = add(multiply(n, left), multiply(m, right));
  return withGradient(mean, [n, c, a, m, d, b], (upstream, g) => {
    const [alongN, alongM] = [n, m].map((side) => g.sum(g.multiply(upstream, side), [-1])) as [Value, Value];
    const alongMean = g.negate(g.add(g.multiply(left, alongN), g.multiply(right, alongM)));
    const apart = g.divide(g.subtract(g.multiply(alongN, d), g.multiply(alongM, c)), divisor);
    const shaped = (gradient: Value, target: Value) => g.sumTo(gradient, target.shape);
    return [
      g.multiply(upstream, left),
      shaped(g.multiply(left, alongMean), c),
      shaped(g.multiply(right, apart), a),
      g.multiply(upstream, right),
      shaped(g.multiply(right, alongMean), d),
      shaped(g.negate(g.multiply(left, apart)), b),
    ];
  });
}
