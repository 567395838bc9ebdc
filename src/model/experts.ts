/** Mixtures of experts: every token goes through few of many MLPs (arXiv 1701.06538). */
import type { Experts, Mlp } from "../families/index.ts";
import {
  add,
  divide,
  less,
  matmul,
  multiply,
  pick,
  reshape,
  sigmoid,
  slice,
  softmax,
  stopGradient,
  sum,
  topIndices,
  transpose,
  type Value,
  where,
} from "../graph/index.ts";
import { activations } from "./activations.ts";
import { type LayerValues, weightOf } from "./projection.ts";

/** What each of `count` experts counts for each token, `[tokens, count]`: zero for all but the chosen. */
export function routing(logits: Value, { chosen, normalized }: Experts): Value {
  const chances = softmax(logits);
  const last = slice(topIndices(chances, chosen), -1, chosen - 1, chosen);
  const least = stopGradient(pick(chances, last));
  const kept = where(less(chances, least), 0, chances);
  return normalized ? divide(kept, sum(kept, [-1])) : kept;
}

/**
 * x `[batch, length, hidden]` through all experts, weighed by a router; the result is exact, whatever number is chosen. What is
 * shared is added for every token.
 */
export function expertsOutput(x: Value, weights: LayerValues, mlp: Mlp, experts: Experts): Value {
  const [batch = 1, length = 1, hidden = 1] = x.shape;
  const { count } = experts;
  const activated = activations[mlp.activation];
  const rows = reshape(x, [batch * length, hidden]);
  const by = (input: Value, role: "router" | "sharedGate" | "sharedUp" | "sharedDown" | "sharedSwitch") =>
    matmul(input, weightOf(weights, role), { transposeB: true });
  const each = (input: Value, role: "expertGate" | "expertUp" | "expertDown") =>
    matmul(input, weightOf(weights, role), { transposeB: true });
  const all = reshape(rows, [1, batch * length, hidden]);
  const inner = multiply(activated(each(all, "expertGate")), each(all, "expertUp"));
  const outputs = each(inner, "expertDown");
  const shares = reshape(transpose(routing(by(rows, "router"), experts), [1, 0]), [count, batch * length, 1]);
  const mixed = reshape(sum(multiply(outputs, shares), [0]), [batch, length, hidden]);
  if (experts.shared === undefined) return mixed;
  const own = by(multiply(activated(by(x, "sharedGate")), by(x, "sharedUp")), "sharedDown");
  return add(mixed, experts.shared.switched ? multiply(own, sigmoid(by(x, "sharedSwitch"))) : own);
}
