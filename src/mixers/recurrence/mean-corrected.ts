/**
 * Linear attention whose weights are corrected by the mean of all values, so that they sum to 1: with m tokens so far,
 * y = q S / m, z = q Σk / m and v̄ = Σv / m, an output is made of these three.
 */
import { add, concat, divide, multiply, scalar, slice, subtract, type Value } from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { additive, allOf } from "./additive.ts";
import { placesOf } from "./places.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { type Order, overAll, upToEach } from "./running.ts";

/** What an output is made of. */
export interface Averages {
  /** The weighted mean of the values, `[batch, heads, length, columns]`. */
  readonly weighted: Value;
  /** The mean weight, `[batch, heads, length, 1]`. */
  readonly weight: Value;
  /** The mean of the values. */
  readonly mean: Value;
}

/** (1 + 1/z) y − z v̄: the magnitude of a query decides how sharp its weights are (MALA, arXiv 2507.00698). */
export function magnitudeAware({ weighted, weight, mean }: Averages): Value {
  const factor = add(divide(1, add(weight, 1e-6)), 1);
  return subtract(multiply(factor, weighted), multiply(weight, mean));
}

/** y + (1 − z) v̄: no division by what the tokens sum up to (InLine, arXiv 2412.06590). */
export function injective({ weighted, weight, mean }: Averages): Value {
  return add(weighted, multiply(subtract(1, weight), mean));
}

type Output = (averages: Averages) => Value;

function form(output: Output, base: (tokens: Tokens) => Recurred, order: Order = upToEach) {
  return (tokens: Tokens): Recurred => {
    const { queries, values, state } = tokens;
    const repeated = repeatHeads(values, queries.shape[1] ?? 1);
    const ones = scalar(1, [...values.shape.slice(0, 3), 1]);
    const recurred = base({ ...tokens, values: concat([values, ones], 3) });
    const sums = order.sums(repeated, state, "sumValues");
    const count = order.count(placesOf(tokens));
    const averages = {
      weighted: divide(slice(recurred.output, 3, 0, -1), count),
      weight: divide(slice(recurred.output, 3, -1), count),
      mean: divide(sums.upTo, count),
    };
    return { output: output(averages), state: { ...recurred.state, sumValues: sums.final } };
  };
}

/** The state of a mean-corrected mixer. */
export function meanCorrected(output: Output): Recurrence {
  return {
    layout: ({ batch, heads, features, columns }) => ({
      recurrent: [batch, heads, features, columns + 1],
      sumValues: [batch, heads, 1, columns],
    }),
    parallel: form(output, additive.parallel),
    chunked: (tokens) => form(output, (same) => additive.chunked({ ...tokens, ...same }))(tokens),
    step: form(output, additive.step),
    whole: form(output, allOf.whole, overAll),
    dense: form(output, allOf.dense, overAll),
    ...(additive.fused && { fused: form(output, additive.fused) }),
  };
}
