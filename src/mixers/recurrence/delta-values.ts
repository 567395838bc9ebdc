/**
 * Values less what earlier ones already say (DeltaFormer, arXiv 2505.19488): u_t = v_t − β_t Σ_{s<t} softmax(q_t·k_s) u_s, read by
 * softmax attention over the u. The values that are kept are the u.
 */
import { add, matmul, multiply, slice, subtract, type Value } from "../../graph/index.ts";
import { gateOf } from "./parts.ts";
import type { Recurrence } from "./recurrence.ts";
import {
  after,
  fading,
  joined,
  lowerInverse,
  type Memory,
  type Part,
  remembering,
  visible,
  weigh,
} from "./softmax-memory.ts";

function reading(memory: Memory | undefined, { own, queries, reach, gates }: Part) {
  const all = joined(memory, own);
  const kept = memory?.keys.shape[2] ?? 0;
  const scores = add(matmul(queries, all.keys, { transposeB: true }), fading(memory, reach));
  const before = weigh(scores, visible(own.places, all.places, false));
  const strong = multiply(before, gateOf(gates, "strength"));
  const said = memory && matmul(slice(strong, 3, 0, kept), memory.values);
  const rest: Value = said === undefined ? own.values : subtract(own.values, said);
  const values = matmul(lowerInverse(slice(strong, 3, kept)), rest);
  const next = after(memory, { ...own, values }, reach);
  return { output: matmul(weigh(scores, visible(own.places, all.places)), next.values), memory: next };
}

/** Softmax attention over values less what was said: gates `strength` (β) and, where it forgets, `decay` per head. */
export const deltaValues: Recurrence = remembering(reading);
