/** ONNX Runtime's fused recurrence: additive linear attention with a carried state. */

import type { Emitter } from "../onnx/emitter.ts";
import { dimension, formatShape, sameShape } from "../type.ts";
import { apply, inputOf, type Node, type Operation, outputOf, requireDType, type Value } from "../value.ts";

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
  emit: (emitter, node) => emitFused(emitter, node, {}),
};

/** Which gates a fused recurrence has. */
interface GatedAttributes {
  readonly decay?: boolean;
  readonly strength?: boolean;
}

/** With gates the operator has no gradient of its own: it gives none of the states between tokens that one would need. */
const gatedOperation: Operation<GatedAttributes> = {
  name: "gatedLinearAttention",
  costly: () => true,
  infer: (inputs) => {
    const [batch, heads, length] = inputOf({ inputs }, 0).shape;
    for (const gate of inputs.slice(4)) {
      requireDType(gate, "float32");
      if (!sameShape(gate.shape.slice(0, 3), [batch ?? 0, heads ?? 0, length ?? 0]))
        throw new Error(`a gate ${formatShape(gate.shape)} does not fit`);
    }
    return linearOperation.infer(inputs.slice(0, 4), {});
  },
  emit: emitFused,
};

function emitFused(emitter: Emitter, node: Node, { decay = false, strength = false }: GatedAttributes): void {
  const [queries = "", keys = "", values = "", state = "", ...gates] = emitter.inputs(node);
  const [output = "", final = ""] = emitter.outputs(node);
  const [batch = 0, heads = 0, length = 0] = inputOf(node, 0).shape;
  const packed = (name: string, index: number) => {
    const [turned, flat] = [emitter.temporary(), emitter.temporary()];
    emitter.node("Transpose", [name], [turned], { perm: [0, 2, 1, 3] });
    const width = heads * dimension(inputOf(node, index).shape, 3);
    emitter.node("Reshape", [turned, emitter.integers([batch, length, width])], [flat]);
    return flat;
  };
  const gate = (given: boolean, place: number) => (given ? packed(gates[place] ?? "", 4 + place) : "");
  const flat = emitter.temporary();
  emitter.node(
    "LinearAttention",
    [packed(queries, 0), packed(keys, 1), packed(values, 2), state, gate(decay, 0), gate(strength, Number(decay))],
    // The operator needs its second output even where nobody reads it.
    [flat, final === "" ? emitter.temporary() : final],
    {
      q_num_heads: heads,
      kv_num_heads: heads,
      update_rule: strength ? (decay ? "gated_delta" : "delta") : decay ? "gated" : "linear",
      scale: { float: 1 },
    },
    "com.microsoft",
  );
  if (output === "") return;
  const split = emitter.temporary();
  const dim = dimension(inputOf(node, 2).shape, 3);
  emitter.node("Reshape", [flat, emitter.integers([batch, length, heads, dim])], [split]);
  emitter.node("Transpose", [split], [output], { perm: [0, 2, 1, 3] });
}

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

/** Gates of a fused recurrence. */
export interface FusedGates {
  /** log α ≤ 0 `[batch, heads, length, features or 1]`. */
  readonly decay?: Value;
  /** Strength β of the delta rule `[batch, heads, length, 1]`; absent where tokens are added. */
  readonly strength?: Value;
}

/**
 * `linearAttention` with gates: S' = diag(α_t) S_{t−1}, S_t = S' + k_tᵀ v_t, or by the delta rule (arXiv 2412.06464)
 * S_t = S' + β_t k_tᵀ (v_t − k_t S'); o_t = q_t S_t. Float32 engines only; no gradient.
 */
export function gatedLinearAttention(
  queries: Value,
  keys: Value,
  values: Value,
  state: Value,
  { decay, strength }: FusedGates,
): LinearAttentionResult {
  const gates = [decay, strength].filter((gate) => gate !== undefined);
  const attributes = { decay: decay !== undefined, strength: strength !== undefined };
  const node = apply(gatedOperation, [queries, keys, values, state, ...gates], attributes);
  return { output: outputOf(node, 0), state: outputOf(node, 1) };
}
