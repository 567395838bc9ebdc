/**
 * Slots (GSA, arXiv 2409.07146): two memories of M rows that forget slot by slot, read by a softmax over the slots.
 * K̃_t = diag(α_t) K̃_{t−1} + w_tᵀ k_t, Ṽ_t alike with v_t; o_t = softmax(q_t K̃_tᵀ) Ṽ_t. The first pass decays its output's
 * columns, the second its features.
 */
import {
  add,
  cumulativeSum,
  exp,
  linearScan,
  matmul,
  multiply,
  reshape,
  scalar,
  slice,
  softmax,
  subtract,
  sum,
  type Value,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { chunkFor, fromChunks, toChunks } from "./chunks.ts";
import { decayed, spread } from "./decayed.ts";
import { decayedSums, notTooSteep } from "./decayed-weights.ts";
import { gateOf, initialOf, outer } from "./parts.ts";
import type { ChunkedTokens, Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { earlierBias, lower } from "./triangle.ts";

const byFeature = decayed({ per: "feature", order: "after" });

/** The first pass: scores `[batch, heads, length, slots]` of queries with the slots' keys, and the keys after the last token. */
interface Scores {
  readonly scores: Value;
  readonly keys: Value;
}

/** The memory of keys, `[batch, heads, features, slots]`. */
function keyMemory({ queries, gates, state }: Tokens): Value {
  const [batch = 1, heads = 1, , features = 1] = queries.shape;
  const slots = gateOf(gates, "slots").shape[3] ?? 1;
  return state === undefined ? scalar(0, [batch, heads, features, slots]) : initialOf(state, "slotKeys");
}

function whole(pass: (tokens: Tokens) => Scores, values: (tokens: Tokens) => Recurred) {
  return (tokens: Tokens): Recurred => {
    const { scores, keys } = pass(tokens);
    const slots = gateOf(tokens.gates, "slots");
    const state = tokens.state && { recurrent: initialOf(tokens.state, "slotValues") };
    const columns = repeatHeads(tokens.values, tokens.queries.shape[1] ?? 1);
    const read = values({
      queries: softmax(scores),
      keys: slots,
      values: columns,
      gates: { decay: spread(tokens) },
      ...(state && { state }),
    });
    return { output: read.output, state: { slotKeys: keys, slotValues: initialOf(read.state, "recurrent") } };
  };
}

function parallelScores(tokens: Tokens): Scores {
  const { queries, keys, gates } = tokens;
  const slots = gateOf(gates, "slots");
  const [batch = 1, heads = 1, length = 1] = queries.shape;
  const count = slots.shape[3] ?? 1;
  const reach = cumulativeSum(spread(tokens), 2);
  const rows = (x: Value) => reshape(x, [...x.shape.slice(0, 3), 1, x.shape[3] ?? 1]);
  const columns = (x: Value) => reshape(x, [...x.shape.slice(0, 2), 1, length, x.shape[3] ?? 1]);
  const bias = reshape(earlierBias(length), [length, length, 1]);
  const fading = exp(add(subtract(rows(reach), columns(reach)), bias));
  const products = reshape(matmul(queries, keys, { transposeB: true }), [batch, heads, length, length, 1]);
  const own = reshape(sum(multiply(multiply(products, columns(slots)), fading), [3]), [batch, heads, length, count]);
  const initial = keyMemory(tokens);
  const last = slice(reach, 2, length - 1);
  return {
    scores: add(own, multiply(matmul(queries, initial), exp(reach))),
    keys: add(multiply(initial, exp(last)), outer(keys, multiply(slots, exp(subtract(last, reach))))),
  };
}

function chunkedScores(tokens: Tokens): Scores {
  const length = tokens.queries.shape[2] ?? 1;
  const chunk = chunkFor(length);
  const cut = (x: Value) => toChunks(x, chunk);
  const [queries, keys, slots] = [tokens.queries, tokens.keys, gateOf(tokens.gates, "slots")].map(cut) as [
    Value,
    Value,
    Value,
  ];
  const reach = cumulativeSum(cut(notTooSteep(spread(tokens))), 3);
  const last = slice(reach, 3, chunk - 1);
  const written = outer(keys, multiply(slots, exp(subtract(last, reach))));
  const memory = linearScan(exp(last), written, keyMemory(tokens));
  const own = decayedSums(lower(matmul(queries, keys, { transposeB: true })), slots, reach);
  const scores = add(own, multiply(matmul(queries, memory.before), exp(reach)));
  return { scores: fromChunks(scores, length), keys: memory.final };
}

function stepScores(tokens: Tokens): Scores {
  const { queries, keys, gates } = tokens;
  const next = add(multiply(keyMemory(tokens), exp(spread(tokens))), outer(keys, gateOf(gates, "slots")));
  return { scores: matmul(queries, next), keys: next };
}

/** The slots: gates `slots` (what each takes of a token) and `decay`, both `[batch, heads, length, slots]`. */
export function slotted(count: (features: number) => number): Recurrence {
  return {
    layout: ({ batch, heads, features, columns }) => ({
      slotKeys: [batch, heads, features, count(features)],
      slotValues: [batch, heads, count(features), columns],
    }),
    parallel: whole(parallelScores, byFeature.parallel),
    chunked: (tokens: ChunkedTokens) =>
      whole(chunkedScores, (second) => byFeature.chunked({ ...second, chunk: tokens.chunk, wholeChunks: false }))(
        tokens,
      ),
    step: whole(stepScores, byFeature.step),
    lacks: { fused: "the fused operator has no softmax between its two passes" },
  };
}
