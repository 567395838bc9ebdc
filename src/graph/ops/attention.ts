/** Causal softmax attention, fused: no length × length matrix is held in the forward pass. */
import { dimension, formatShape } from "../type.ts";
import { type Algebra, applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";
import { mask } from "./source.ts";

/** Attributes of `causalAttention`. */
export interface CausalAttentionAttributes {
  /** Factor of the scores, usually dim^−½. */
  readonly scale: number;
  /** Newest keys a query sees, itself included; 0 means all. */
  readonly window: number;
}

interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly groups: number;
  readonly length: number;
  readonly dim: number;
}

function sizesOf(queries: Value, keys: Value): Sizes {
  const [batch, heads, length, dim] = [0, 1, 2, 3].map((axis) => dimension(queries.shape, axis)) as [
    number,
    number,
    number,
    number,
  ];
  return { batch, heads, groups: dimension(keys.shape, 1), length, dim };
}

const attentionOperation: Operation<CausalAttentionAttributes> = {
  name: "causalAttention",
  costly: true,
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
  emit: (emitter, node, { scale, window }) => {
    const [queries = "", keys = "", values = ""] = emitter.inputs(node);
    const { batch, heads, groups, length, dim } = sizesOf(inputOf(node, 0), inputOf(node, 1));
    const packed = (name: string, count: number) => {
      const [turned, flat] = [emitter.temporary(), emitter.temporary()];
      emitter.node("Transpose", [name], [turned], { perm: [0, 2, 1, 3] });
      emitter.node("Reshape", [turned, emitter.integers([batch, length, count * dim])], [flat]);
      return flat;
    };
    const int32 = (values: readonly number[], shape: readonly number[]) => {
      const [wide, shaped] = [emitter.temporary(), emitter.temporary()];
      emitter.node("Cast", [emitter.integers(values)], [wide], { to: 6 });
      emitter.node("Reshape", [wide, emitter.integers(shape)], [shaped]);
      return shaped;
    };
    const flat = emitter.temporary();
    const lengths = int32(new Array<number>(batch).fill(length - 1), [batch]);
    emitter.node(
      "GroupQueryAttention",
      [packed(queries, heads), packed(keys, groups), packed(values, groups), "", "", lengths, int32([length], [])],
      [flat, emitter.temporary(), emitter.temporary()],
      {
        num_heads: heads,
        kv_num_heads: groups,
        scale: { float: scale },
        // The operator counts the keys before the query, not the query's own.
        local_window_size: window === 0 ? -1 : window,
      },
      "com.microsoft",
    );
    const split = emitter.temporary();
    emitter.node("Reshape", [flat, emitter.integers([batch, length, heads, dim])], [split]);
    emitter.node("Transpose", [split], emitter.outputs(node), { perm: [0, 2, 1, 3] });
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
