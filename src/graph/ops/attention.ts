/** Causal softmax attention, fused: no length × length matrix is held in the forward pass. */
import { dimension, formatShape } from "../type.ts";
import { type Algebra, applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";
import {
  type CausalAttentionAttributes,
  emitBlocked,
  emitGrouped,
  longestBlocked,
  sizesOf,
} from "./attention-emission.ts";
import { mask } from "./source.ts";

const attentionOperation: Operation<CausalAttentionAttributes> = {
  name: "causalAttention",
  costly: () => true,
  infer: (inputs) => {
    const [queries, keys, values] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1), inputOf({ inputs }, 2)];
    for (const value of [queries, keys, values]) requireDType(value, "float32");
    const { batch, heads, groups, length, dim } = sizesOf(queries, keys);
    for (const value of [keys, values]) {
      const [b, h, t, d] = value.shape;
      if (b !== batch || h !== groups || t !== length || d !== dim)
        throw new Error(`${formatShape(value.shape)} does not fit the queries`);
    }
    if (heads % groups !== 0) throw new Error(`${heads} query heads cannot share ${groups} key heads`);
    return [queries];
  },
  gradient: (backward, g) => attentionGradient(backward.gradient, backward.inputs, backward.attributes, g),
  emit: (emitter, node, attributes) => {
    const emit = dimension(inputOf(node, 0).shape, 2) <= longestBlocked ? emitBlocked : emitGrouped;
    emit(emitter, node, attributes);
  },
};

/** Recomputes the weights `[batch, heads, length, length]`: meant for the lengths models are pretrained at. */
function attentionGradient(
  gradient: Value,
  inputs: readonly Value[],
  { scale, window }: CausalAttentionAttributes,
  g: Algebra,
): Value[] {
  const [queries, keys, values] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1), inputOf({ inputs }, 2)];
  const { batch, heads, groups, length, dim } = sizesOf(queries, keys);
  const grouped = [batch, groups, heads / groups, length, dim];
  const shared = [batch, groups, 1, length, dim];
  const [q, k, v] = [g.reshape(queries, grouped), g.reshape(keys, shared), g.reshape(values, shared)];
  const upstream = g.reshape(gradient, grouped);
  const visible = mask(
    [length, length],
    (query = 0, key = 0) => key <= query && (window === 0 || query - key < window),
  );
  const scores = g.matmul(q, k, { transposeB: true, scale });
  const weights = g.softmax(g.where(visible, scores, -1e30));
  const forWeights = g.matmul(upstream, v, { transposeB: true });
  const weighted = g.multiply(forWeights, weights);
  const forScores = g.subtract(weighted, g.multiply(weights, g.sum(weighted, [-1])));
  const forKeys = g.sum(g.matmul(forScores, q, { transposeA: true, scale }), [2]);
  const forValues = g.sum(g.matmul(weights, upstream, { transposeA: true }), [2]);
  return [
    g.reshape(g.matmul(forScores, k, { scale }), queries.shape),
    g.reshape(forKeys, keys.shape),
    g.reshape(forValues, values.shape),
  ];
}

/**
 * softmax(scale · q kᵀ) v over the keys up to each query.
 * Queries `[batch, heads, length, dim]`, keys and values `[batch, groups, length, dim]`; query head h reads group ⌊h·groups/heads⌋.
 */
export function causalAttention(
  queries: Value,
  keys: Value,
  values: Value,
  options: { scale: number; window?: number },
): Value {
  return applyOne(attentionOperation, [queries, keys, values], { scale: options.scale, window: options.window ?? 0 });
}

export type { CausalAttentionAttributes };
