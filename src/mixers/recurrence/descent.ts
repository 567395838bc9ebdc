/**
 * A linear memory that learns by gradient descent, TTT-linear (arXiv 2407.04620): the gradients g_s of a mini-batch are taken at the
 * memory (W, b) it began with, and token t reads W − η_t Σ_{s≤t} k_sᵀ g_s and b − η_t Σ_{s≤t} g_s.
 */
import {
  add,
  cumulativeSum,
  greater,
  matmul,
  multiply,
  slice,
  subtract,
  sum,
  type Value,
  where,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import type { Places } from "./mini-batch-layout.ts";
import type { Learned, Learner, Rows } from "./mini-batches.ts";
import { eachOf, gateOf, outer } from "./parts.ts";
import { lossGradient, type Norm, withNorm } from "./reconstruction.ts";
import type { RecurrentState, Tokens } from "./recurrence.ts";
import { lower } from "./triangle.ts";

/** The loss's norm, which all tokens share: gates `lossScale` and `lossShift`. */
export function normOf({ gates }: Tokens): Norm {
  const first = (name: string) => slice(gateOf(gates, name), 2, 0, 1);
  return { scale: first("lossScale"), shift: first("lossShift") };
}

function rows(tokens: Tokens): Rows {
  const { queries, keys, values } = tokens;
  return { queries, keys, values: repeatHeads(values, queries.shape[1] ?? 1), rate: eachOf(tokens, "rate") };
}

/** The memory a mini-batch began with: (W, b), or what has been gathered since. */
interface Linear {
  readonly weights: Value;
  readonly shift: Value;
}

function learn(memory: RecurrentState, { queries, keys, values, rate }: Rows, places: Places, tokens: Tokens): Learned {
  const [q, k, v, eta] = [queries, keys, values, rate] as [Value, Value, Value, Value];
  const { recurrent, shift, start, startShift, gathered, gatheredShift } = memory as Record<string, Value>;
  const begun = greater(places.begun, 0);
  const pick = (there: Value | undefined, here: Value | number) => where(begun, there as Value, here);
  const origin: Linear = { weights: pick(start, recurrent as Value), shift: pick(startShift, shift as Value) };
  const before: Linear = { weights: pick(gathered, 0), shift: pick(gatheredShift, 0) };
  const recalled = add(matmul(k, origin.weights), origin.shift);
  const gradients = multiply(lossGradient(recalled, subtract(v, k), normOf(tokens), false), places.real);
  const pairs = lower(matmul(q, k, { transposeB: true }));
  const moved = add(
    add(matmul(q, before.weights), matmul(pairs, gradients)),
    add(cumulativeSum(gradients, 2), before.shift),
  );
  const output = subtract(add(matmul(q, origin.weights), origin.shift), multiply(eta, moved));
  const after: Linear = {
    weights: add(before.weights, outer(k, gradients)),
    shift: add(before.shift, sum(gradients, [2])),
  };
  const last = sum(multiply(eta, places.last), [2]);
  const any = greater(places.any, 0);
  const next: Record<string, Value> = {
    recurrent: subtract(origin.weights, multiply(last, after.weights)),
    shift: subtract(origin.shift, multiply(last, after.shift)),
    start: origin.weights,
    startShift: origin.shift,
    gathered: after.weights,
    gatheredShift: after.shift,
  };
  const kept = Object.entries(next).map(([name, x]) => [name, where(any, x, memory[name] as Value)]);
  return { output, memory: Object.fromEntries(kept) };
}

/**
 * The memory: `recurrent` and `shift` as the last token read them, `start` and `startShift` as they were when its mini-batch began,
 * and the gradients since then, `gathered` and `gatheredShift`. Gates: `rate` (η) and the loss's norm.
 */
export function descent(size: number): Learner {
  return {
    size,
    layout: ({ batch, heads, features, columns }) => {
      const [weights, shift] = [
        [batch, heads, features, columns],
        [batch, heads, 1, columns],
      ];
      return {
        recurrent: weights,
        shift,
        start: weights,
        startShift: shift,
        gathered: weights,
        gatheredShift: shift,
      } as const;
    },
    rows,
    learn,
    finish: (readings, tokens) => withNorm(readings, normOf(tokens)),
  };
}
