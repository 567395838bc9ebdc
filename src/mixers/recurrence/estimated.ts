/**
 * Sparse attention by an estimated mask (SEA, arXiv 2310.01777): linear attention's context and the query predict a softmax over
 * M columns, which divide the tokens so far into equal parts; the query attends to the tokens of its largest columns and to its
 * own. The mask is chosen, not differentiated: the columns' log probabilities pass gradients as if they were scores.
 */
import {
  add,
  cast,
  concat,
  divide,
  equal,
  exp,
  greater,
  integers,
  logSoftmax,
  matmul,
  maximum,
  minimum,
  multiply,
  or,
  pick,
  quotient,
  slice,
  softmax,
  stopGradient,
  subtract,
  sum,
  topIndices,
  type Value,
  where,
} from "../../graph/index.ts";
import { type Kept, keeping } from "./keeping.ts";
import { initialOf, swapLast } from "./parts.ts";
import type { Recurrence } from "./recurrence.ts";
import { hidden } from "./triangle.ts";

/** 1 + elu, the features of the estimator's own attention. */
const positive = (x: Value) => where(greater(x, 0), add(x, 1), exp(minimum(x, 0)));

/** What linear attention reads, `[batch, heads, length, columns]`: what the estimate is made of beside the query. */
function contextOf({ queries, keys, values, sees }: Kept): Value {
  const weights = where(sees, matmul(positive(queries), positive(keys), { transposeB: true }), 0);
  return divide(matmul(weights, values), maximum(sum(weights, [-1]), 1e-6));
}

/** The column of every token as each query divides them, int64 `[batch or 1, 1, length, tokens]`: ⌊(j − 1) M / t⌋. */
function columnsOf({ places, queryPlaces }: Kept, columns: number): Value {
  const [own, all] = [cast(queryPlaces, "int64"), swapLast(cast(places, "int64"))];
  const before = subtract(all, integers([1]));
  return quotient(multiply(before, integers([columns])), maximum(own, integers([1])));
}

/** Scores that the estimate leaves, very negative elsewhere. */
function sparseScores(kept: Kept, top: number): Value {
  const { queries, keys, sees, places, queryPlaces, constants } = kept;
  const scale = (queries.shape[3] ?? 1) ** -0.5;
  const scores = matmul(queries, keys, { transposeB: true, scale });
  const estimate = logSoftmax(matmul(concat([contextOf(kept), queries], 3), initialOf(constants, "estimator")));
  const width = estimate.shape[3] ?? 1;
  const chosen = topIndices(estimate, Math.min(top, width));
  const columns = columnsOf(kept, width);
  const ranks = Array.from({ length: chosen.shape[3] ?? 1 }, (_unused, rank) => slice(chosen, 3, rank, rank + 1));
  const within = ranks.map((column) => equal(columns, column));
  const own = equal(swapLast(places), queryPlaces);
  const probabilities = ranks
    .map((column, rank) => where(within[rank] ?? own, pick(estimate, column), 0))
    .reduce((total, part) => add(total, part));
  const straight = subtract(probabilities, stopGradient(probabilities));
  const attended = or(within.reduce(or), own);
  return where(sees, where(attended, add(scores, straight), hidden), hidden);
}

/** The mean of the values so far. */
function meanOf({ values, sees, queryPlaces }: Kept): Value {
  return divide(matmul(where(sees, 1, 0), values), maximum(queryPlaces, 1));
}

/** Attention by an estimated mask: constants `estimator` `[heads, columns + features, M]`, `sparse` and `mean`. */
export function estimated(top: number): Recurrence {
  const rule = (kept: Kept): Value => {
    const sparse = matmul(softmax(sparseScores(kept, top)), kept.values);
    const weigh = (x: Value, name: string) => multiply(x, initialOf(kept.constants, name));
    return add(weigh(sparse, "sparse"), weigh(meanOf(kept), "mean"));
  };
  return keeping(
    { parallel: rule, chunked: rule },
    { fused: "the tokens that a query reads are chosen by what it says: all are kept, and no operator gathers them" },
  );
}
