/**
 * Linear attention whose weights are corrected by the mean of all values, so that they sum to 1: with m tokens so far,
 * y = q S / m, z = q Σk / m and v̄ = Σv / m, an output is made of these three.
 */
import { add, concat, divide, maximum, multiply, scalar, slice, subtract, type Value } from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { additive } from "./additive.ts";
import { gateOf } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { runningSums } from "./running.ts";

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

function whole(output: (averages: Averages) => Value, base: (tokens: Tokens) => Recurred) {
  return (tokens: Tokens): Recurred => {
    const { queries, values, gates, state } = tokens;
    const repeated = repeatHeads(values, queries.shape[1] ?? 1);
    const ones = scalar(1, [...values.shape.slice(0, 3), 1]);
    const recurred = base({ ...tokens, values: concat([values, ones], 3) });
    const sums = runningSums(repeated, state, "sumValues");
    // Padding has no place; what is read there is nobody's.
    const count = maximum(gateOf(gates, "place"), 1);
    const averages = {
      weighted: divide(slice(recurred.output, 3, 0, -1), count),
      weight: divide(slice(recurred.output, 3, -1), count),
      mean: divide(sums.upTo, count),
    };
    return { output: output(averages), state: { ...recurred.state, sumValues: sums.final } };
  };
}

/** The state of a mean-corrected mixer: gate `place`, how many tokens there are up to each. */
export function meanCorrected(output: (averages: Averages) => Value): Recurrence {
  return {
    layout: ({ batch, heads, features, columns }) => ({
      recurrent: [batch, heads, features, columns + 1],
      sumValues: [batch, heads, 1, columns],
    }),
    parallel: whole(output, additive.parallel),
    chunked: (tokens) => whole(output, (same) => additive.chunked({ ...tokens, ...same }))(tokens),
    step: whole(output, additive.step),
    ...(additive.fused && { fused: whole(output, additive.fused) }),
  };
}
