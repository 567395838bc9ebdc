/**
 * Positions by accumulated reflections (PaTH, arXiv 2505.16381): scores q_t H_t ⋯ H_{s+1} k_sᵀ with H = I − β wᵀ w. The keys that are
 * kept have been through all H up to the newest token; a part's own are accumulated by one triangular inverse.
 */
import { add, concat, matmul, multiply, subtract, type Value } from "../../graph/index.ts";
import { gateOf } from "./parts.ts";
import type { Recurrence } from "./recurrence.ts";
import { after, fading, joined, lowerInverse, type Reading, remembering, visible, weigh } from "./softmax-memory.ts";
import { lower } from "./triangle.ts";

const across = (a: Value, b: Value) => matmul(a, b, { transposeB: true });

function reading(factor: (features: number) => number): Reading {
  return (memory, { own, queries, reach, gates }) => {
    const [w, beta] = [gateOf(gates, "reflection"), gateOf(gates, "strength")];
    const weak = multiply(w, beta);
    const inverse = lowerInverse(lower(across(weak, w), 1));
    const byReflections = lower(across(queries, w));
    const toKeys = matmul(inverse, lower(across(weak, own.keys), 1));
    const near = subtract(lower(across(queries, own.keys)), matmul(byReflections, toKeys));
    // Queries back at the part's beginning, where the kept keys are.
    const turned = subtract(queries, matmul(matmul(byReflections, inverse), weak));
    const products = memory === undefined ? near : concat([across(turned, memory.keys), near], 3);
    const all = joined(memory, own);
    const scores = add(products, multiply(fading(memory, reach), factor(queries.shape[3] ?? 1)));
    const output = matmul(weigh(scores, visible(own.places, all.places)), all.values);
    const older = memory && {
      ...memory,
      keys: subtract(memory.keys, matmul(across(across(memory.keys, weak), inverse), w)),
    };
    const newer = { ...own, keys: subtract(own.keys, matmul(toKeys, w, { transposeA: true })) };
    return { output, memory: after(older, newer, reach) };
  };
}

/**
 * Softmax attention with positions by reflections: gates `reflection` (w), `strength` (β) and, where it forgets, `decay` per head.
 * `scaled` multiplies the decays like the scores, by features^−½.
 */
export const path = (scaled: boolean): Recurrence => remembering(reading((width) => (scaled ? width ** -0.5 : 1)));
