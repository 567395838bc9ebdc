/** Softmax over several sets of keys at once: a window's own, the first tokens that stay, and learned scores. */
import {
  add,
  concat,
  dimension,
  exp,
  matmul,
  max,
  softmax,
  split,
  subtract,
  sum,
  type Value,
} from "../../graph/index.ts";
import type { Term } from "../normalize.ts";

/** Keys that queries meet. */
export interface Met {
  /** `[…, queries, keys]`, very negative where a query does not see a key. */
  readonly scores: Value;
  /** `[…, keys, dim]`; absent for scores that take weight and give no value. */
  readonly values?: Value;
}

function joined(met: readonly Met[]): Value {
  const scores = met.map((each) => each.scores);
  return concat(scores, (scores[0]?.shape.length ?? 1) - 1);
}

/** Σ weight · value over all that is met. */
function weighted(weights: Value, met: readonly Met[]): Value {
  const axis = weights.shape.length - 1;
  const sizes = met.map(({ scores }) => dimension(scores.shape, axis));
  const each = met.length === 1 ? [weights] : split(weights, axis, sizes);
  const parts = met.flatMap(({ values }, index) => (values ? [matmul(each[index] as Value, values)] : []));
  return parts.reduce((total, part) => add(total, part));
}

/**
 * The term of a softmax with weights that sum to 1. The largest of them is the inverse of their sum before they were
 * normalized, which is what the term's scale says.
 */
export function attend(met: readonly Met[]): Term {
  const weights = softmax(joined(met));
  return { numerator: weighted(weights, met), denominator: 1, scale: max(weights, [-1]) };
}

/** The same term with weights e^(score − largest score), not normalized. */
export function attendShifted(met: readonly Met[]): Term {
  const scores = joined(met);
  // The shift by the window's largest score is part of the model: the state's weights are not shifted with it.
  const weights = exp(subtract(scores, max(scores, [-1])));
  return { numerator: weighted(weights, met), denominator: sum(weights, [-1]) };
}
