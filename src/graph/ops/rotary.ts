/** Rotary position embedding, half-rotated layout. */
import { formatShape } from "../type.ts";
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";

const rotaryOperation: Operation = {
  name: "rotary",
  infer: (inputs) => {
    const [x, cos, sin, positions] = [0, 1, 2, 3].map((index) => inputOf({ inputs }, index)) as [
      Value,
      Value,
      Value,
      Value,
    ];
    requireDType(x, "float32");
    requireDType(positions, "int64");
    const [batch = 0, , length = 0, dim = 0] = x.shape;
    if (x.shape.length !== 4) throw new Error(`${formatShape(x.shape)} is not [batch, heads, length, dim]`);
    const half = cos.shape[1] ?? 0;
    if (cos.shape.length !== 2 || sin.shape[1] !== half || 2 * half !== dim) {
      throw new Error(`tables ${formatShape(cos.shape)} do not turn ${dim} dimensions`);
    }
    if (positions.shape[0] !== batch || positions.shape[1] !== length) {
      throw new Error(`positions ${formatShape(positions.shape)} are not [batch, length]`);
    }
    return [x];
  },
  gradient: (backward, g) => {
    const [cos, sin, positions] = [inputOf(backward, 1), inputOf(backward, 2), inputOf(backward, 3)];
    return [g.rotary(backward.gradient, cos, g.negate(sin), positions), undefined, undefined, undefined];
  },
  emit: (emitter, node) => {
    const [x = "", cos = "", sin = "", positions = ""] = emitter.inputs(node);
    emitter.node("RotaryEmbedding", [x, positions, cos, sin], emitter.outputs(node), {}, "com.microsoft");
  },
};

/**
 * Rotates the pairs (i, i + dim/2) of each head by the angles of its position (arXiv 2104.09864).
 * x `[batch, heads, length, dim]`, tables `[positions, dim/2]`, positions `[batch, length]` int64.
 */
export function rotary(x: Value, cos: Value, sin: Value, positions: Value): Value {
  return applyOne(rotaryOperation, [x, cos, sin, positions], {});
}
