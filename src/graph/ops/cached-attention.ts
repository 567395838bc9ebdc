/** Softmax attention over a buffer of earlier keys and values: decoding and chunked prefill of unconverted layers. */
import { dimension, formatShape, sameShape } from "../type.ts";
import { apply, inputOf, type Operation, outputOf, requireDType, type Value } from "../value.ts";

/** Attributes of `cachedAttention`. */
export interface CachedAttentionAttributes {
  /** Factor of the scores, usually dim^−½. */
  readonly scale: number;
}

const cachedOperation: Operation<CachedAttentionAttributes> = {
  name: "cachedAttention",
  costly: () => true,
  infer: (inputs) => {
    const [queries, keys, values, cachedKeys, cachedValues, seen] = [0, 1, 2, 3, 4, 5].map((index) =>
      inputOf({ inputs }, index),
    ) as [Value, Value, Value, Value, Value, Value];
    for (const value of [queries, keys, values, cachedKeys, cachedValues]) requireDType(value, "float32");
    requireDType(seen, "int64");
    const [batch = 0, heads = 0, length = 0, dim = 0] = queries.shape;
    const groups = dimension(keys.shape, 1);
    const capacity = dimension(cachedKeys.shape, 2);
    for (const value of [keys, values]) {
      if (!sameShape(value.shape, [batch, groups, length, dim]))
        throw new Error(`${formatShape(value.shape)} does not fit the queries`);
    }
    for (const value of [cachedKeys, cachedValues]) {
      if (!sameShape(value.shape, [batch, groups, capacity, dim]))
        throw new Error(`a buffer of ${formatShape(value.shape)} does not fit the keys`);
    }
    if (!sameShape(seen.shape, [batch])) throw new Error(`${formatShape(seen.shape)} does not count each sequence`);
    if (heads % groups !== 0) throw new Error(`${heads} query heads cannot share ${groups} key heads`);
    return [queries, cachedKeys, cachedValues];
  },
  emit: (emitter, node, { scale }) => {
    const [queries = "", keys = "", values = "", cachedKeys = "", cachedValues = "", seen = ""] = emitter.inputs(node);
    const [output = "", newKeys = "", newValues = ""] = emitter.outputs(node);
    const [batch = 0, heads = 0, length = 0, dim = 0] = inputOf(node, 0).shape;
    const groups = dimension(inputOf(node, 1).shape, 1);
    const packed = (name: string, count: number) => {
      const [turned, flat] = [emitter.temporary(), emitter.temporary()];
      // With one token the order of the axes does not matter.
      if (length > 1) emitter.node("Transpose", [name], [turned], { perm: [0, 2, 1, 3] });
      const source = length > 1 ? turned : name;
      emitter.node("Reshape", [source, emitter.integers([batch, length, count * dim])], [flat]);
      return flat;
    };
    const counted = (name: string, extra: number) => {
      const [sum, narrow] = [emitter.temporary(), emitter.temporary()];
      emitter.node("Add", [name, emitter.integers([extra])], [sum]);
      emitter.node("Cast", [sum], [narrow], { to: 6 });
      return narrow;
    };
    const longest = emitter.temporary();
    emitter.node("ReduceMax", [seen], [longest], { keepdims: 0 });
    const [total, flat] = [emitter.temporary(), emitter.temporary()];
    emitter.node("Reshape", [counted(longest, length), emitter.integers([])], [total]);
    emitter.node(
      "GroupQueryAttention",
      [
        packed(queries, heads),
        packed(keys, groups),
        packed(values, groups),
        cachedKeys,
        cachedValues,
        // The operator wants the last token's position rather than a count.
        counted(seen, length - 1),
        total,
      ],
      [flat, newKeys === "" ? emitter.temporary() : newKeys, newValues === "" ? emitter.temporary() : newValues],
      { num_heads: heads, kv_num_heads: groups, scale: { float: scale } },
      "com.microsoft",
    );
    if (output === "") return;
    const split = length > 1 ? emitter.temporary() : output;
    const order = length > 1 ? [batch, length, heads, dim] : [batch, heads, length, dim];
    emitter.node("Reshape", [flat, emitter.integers(order)], [split]);
    if (length > 1) emitter.node("Transpose", [split], [output], { perm: [0, 2, 1, 3] });
  },
};

/** The result of `cachedAttention`. */
export interface CachedAttentionResult {
  /** `[batch, heads, length, dim]`. */
  readonly output: Value;
  /** The buffers with the call's keys and values in the places after `seen`, `[batch, groups, capacity, dim]`. */
  readonly keys: Value;
  readonly values: Value;
}

/**
 * softmax(scale · q kᵀ) v over a sequence's first `seen` places of a buffer and the call's own keys, causally.
 * Queries `[batch, heads, length, dim]`, keys and values `[batch, groups, length, dim]`, buffers `[batch, groups,
 * capacity, dim]` with seen + length ≤ capacity, `seen` `[batch]` int64; of several tokens after others, ONNX Runtime
 * takes one sequence at a time. It writes in place where a buffer's output is the memory of its input.
 */
export function cachedAttention(
  own: { readonly queries: Value; readonly keys: Value; readonly values: Value },
  cache: { readonly keys: Value; readonly values: Value; readonly seen: Value },
  options: CachedAttentionAttributes,
): CachedAttentionResult {
  const inputs = [own.queries, own.keys, own.values, cache.keys, cache.values, cache.seen];
  const node = apply(cachedOperation, inputs, { scale: options.scale });
  return { output: outputOf(node, 0), keys: outputOf(node, 1), values: outputOf(node, 2) };
}
