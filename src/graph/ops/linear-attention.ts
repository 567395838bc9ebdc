/** ONNX Runtime's fused recurrence: additive linear attention with a carried state. */
import { dimension, formatShape, sameShape } from "../type.ts";
import { apply, inputOf, type Operation, outputOf, requireDType, type Value } from "../value.ts";

const linearOperation: Operation = {
  name: "linearAttention",
  costly: () => true,
  infer: (inputs) => {
    const [queries, keys, values, state] = [0, 1, 2, 3].map((index) => inputOf({ inputs }, index)) as [
      Value,
      Value,
      Value,
      Value,
    ];
    for (const value of inputs) requireDType(value, "float32");
    const [batch = 0, heads = 0, length = 0, features = 0] = queries.shape;
    if (!sameShape(queries.shape, keys.shape))
      throw new Error(`keys ${formatShape(keys.shape)} do not fit the queries`);
    if (!sameShape(values.shape.slice(0, 3), [batch, heads, length]))
      throw new Error(`values ${formatShape(values.shape)} do not fit`);
    const stateShape = [batch, heads, features, dimension(values.shape, 3)];
    if (!sameShape(state.shape, stateShape)) throw new Error(`the state must be ${formatShape(stateShape)}`);
    return [values, state];
  },
  gradient: ({ inputs, outputs, gradients }, g) => {
    const [queries, keys, values, state] = [0, 1, 2, 3].map((index) => inputOf({ inputs }, index)) as [
      Value,
      Value,
      Value,
      Value,
    ];
    const forOutput = gradients[0] ?? g.broadcastTo(g.scalar(0), inputOf({ inputs: outputs }, 0).shape);
    const forFinal = gradients[1] ?? g.broadcastTo(g.scalar(0), state.shape);
    const turned = (value: Value) => g.reverse(value, 2);
    const swapped = (value: Value) => g.transpose(value, [0, 1, 3, 2]);
    // The same recurrence with roles swapped: forwards for queries, on reversed time for keys and values.
    const forQueries = g.linearAttention(forOutput, values, keys, swapped(state)).output;
    const forKeys = turned(
      g.linearAttention(turned(values), turned(forOutput), turned(queries), swapped(forFinal)).output,
    );
    const forValues = turned(g.linearAttention(turned(keys), turned(queries), turned(forOutput), forFinal).output);
    const forState = g.add(forFinal, g.matmul(queries, forOutput, { transposeA: true }));
    return [forQueries, forKeys, forValues, forState];
  },
  emit: (emitter, node) => {
    const [queries = "", keys = "", values = "", state = ""] = emitter.inputs(node);
    const [output = "", final = ""] = emitter.outputs(node);
    const [batch = 0, heads = 0, length = 0] = inputOf(node, 0).shape;
    const packed = (name: string, value: Value) => {
      const [turned, flat] = [emitter.temporary(), emitter.temporary()];
      emitter.node("Transpose", [name], [turned], { perm: [0, 2, 1, 3] });
      const width = heads * dimension(value.shape, 3);
      emitter.node("Reshape", [turned, emitter.integers([batch, length, width])], [flat]);
      return flat;
    };
    const flat = emitter.temporary();
    emitter.node(
      "LinearAttention",
      [packed(queries, inputOf(node, 0)), packed(keys, inputOf(node, 1)), packed(values, inputOf(node, 2)), state],
      // The operator needs its second output even where nobody reads it.
      [flat, final === "" ? emitter.temporary() : final],
      { q_num_heads: heads, kv_num_heads: heads, update_rule: "linear", scale: { float: 1 } },
      "com.microsoft",
    );
    if (output === "") return;
    const split = emitter.temporary();
    emitter.node(
      "Reshape",
      [flat, emitter.integers([batch, length, heads, dimension(inputOf(node, 2).shape, 3)])],
      [split],
    );
    emitter.node("Transpose", [split], [output], { perm: [0, 2, 1, 3] });
  },
};

/** The result of `linearAttention`. */
export interface LinearAttentionResult {
  /** `[batch, heads, length, dim]`. */
  readonly output: Value;
  /** The state after the last token, `[batch, heads, features, dim]`. */
  readonly state: Value;
}

/**
 * S_t = S_{t−1} + k_tᵀ v_t, o_t = q_t S_t (arXiv 2006.16236), as one fused operator.
 * Queries and keys `[batch, heads, length, features]`, values `[batch, heads, length, dim]`, state `[batch, heads, features, dim]`.
 */
export function linearAttention(queries: Value, keys: Value, values: Value, state: Value): LinearAttentionResult {
  const node = apply(linearOperation, [queries, keys, values, state], {});
  return { output: outputOf(node, 0), state: outputOf(node, 1) };
}
