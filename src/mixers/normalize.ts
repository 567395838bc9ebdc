/** The normalize axis: what the weighted sums of the window and the state are divided by. */
import { z } from "zod";
import { add, divide, equal, multiply, type Operand, scalar, type Value, where } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import { weightedMean } from "./weighted-mean.ts";

/** A branch's weighted sum of values `[batch, heads, length, dim]` and the sum of its weights `[…, 1]`. */
export interface Term {
  readonly numerator: Value;
  /** Absent where nothing reads it. */
  readonly denominator?: Operand;
  /** What both have been multiplied by already `[…, 1]`; absent for 1. */
  readonly scale?: Value;
}

/** A branch with its weight in the mix. */
export interface Weighted extends Term {
  readonly weight: Operand;
}

/** What a kind of normalization declares. */
export interface Normalization {
  /** Whether the state carries the sum of its weights, as a column of ones on the values. */
  readonly sumsWeights: boolean;
  /** Whether both branches must be there. */
  readonly joins: boolean;
  /** The output of one branch or both. */
  combine(window: Weighted | undefined, linear: Weighted | undefined): Value;
}

/** a / b, and 0 where b is exactly 0 (then a is 0 too: no key has any weight). */
export function guardedDivide(a: Value, b: Value): Value {
  return divide(a, where(equal(b, 0), 1, b));
}

const lift = (operand: Operand) => (typeof operand === "number" ? scalar(operand) : operand);

function own({ numerator, denominator = 1 }: Term): Value {
  return typeof denominator === "number" ? divide(numerator, denominator) : guardedDivide(numerator, denominator);
}

function sumOf(window: Value | undefined, linear: Value | undefined): Value {
  if (window !== undefined && linear !== undefined) return add(window, linear);
  const only = window ?? linear;
  if (only === undefined) throw new TypeError("a mixer has at least one branch");
  return only;
}

const apart = (window: Weighted | undefined, linear: Weighted | undefined) =>
  sumOf(window && multiply(own(window), window.weight), linear && multiply(own(linear), linear.weight));

const none = kind(
  z.strictObject({ kind: z.literal("none") }),
  (): Normalization => ({
    sumsWeights: false,
    joins: false,
    combine: apart,
  }),
);

const row = kind(
  z.strictObject({
    kind: z.literal("row"),
    /** Added to the sums of weights (default: nothing; where a sum is 0, so is the output). */
    epsilon: z.number().nonnegative().default(0),
  }),
  ({ epsilon }): Normalization => {
    const lifted = ({ denominator = 1, ...term }: Weighted): Weighted => ({
      ...term,
      denominator: epsilon === 0 ? denominator : add(lift(denominator), epsilon),
    });
    return {
      sumsWeights: true,
      joins: false,
      combine: (window, linear) => apart(window, linear && lifted(linear)),
    };
  },
);

const joint = kind(
  z.strictObject({ kind: z.literal("joint") }),
  (): Normalization => ({
    sumsWeights: true,
    joins: true,
    combine: (window, linear) => {
      const [first, second] = [window ?? linear, window && linear];
      if (first === undefined || second === undefined) return apart(first && { ...first, weight: 1 }, undefined);
      // Each branch takes on the other's scale, which the division then cancels.
      const weigh = (term: Weighted, other: Weighted): Weighted =>
        other.scale === undefined ? term : { ...term, weight: multiply(other.scale, term.weight) };
      return weightedMean(weigh(first, second), weigh(second, first));
    },
  }),
);

/** All normalizations: `none`, each `row` by its own sum of weights, or both branches by their `joint` sum. */
export const normalizations = axis({ none, row, joint });
