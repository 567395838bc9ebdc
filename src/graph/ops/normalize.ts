/** Root-mean-square normalization. */
import { formatShape, sameShape } from "../type.ts";
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";

/** Attributes of `rmsNorm`. */
export interface RmsNormAttributes {
  readonly epsilon: number;
}

const rmsNormOperation: Operation<RmsNormAttributes> = {
  name: "rmsNorm",
  infer: (inputs) => {
    const [x, scale] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1)];
    requireDType(x, "float32");
    if (!sameShape(scale.shape, x.shape.slice(-1))) {
      throw new Error(`the scale ${formatShape(scale.shape)} does not fit the last axis of ${formatShape(x.shape)}`);
    }
    return [x];
  },
  gradient: (backward, g) => {
    const [x, scale] = [inputOf(backward, 0), inputOf(backward, 1)];
    const { gradient, attributes } = backward;
    const inverse = g.reciprocal(g.sqrt(g.add(g.mean(g.multiply(x, x), [-1]), attributes.epsilon)));
    const scaled = g.multiply(gradient, scale);
    const along = g.multiply(g.mean(g.multiply(scaled, x), [-1]), g.power(inverse, 3));
    const forX = g.subtract(g.multiply(scaled, inverse), g.multiply(x, along));
    return [forX, g.sumTo(g.multiply(gradient, g.multiply(x, inverse)), scale.shape)];
  },
  emit: (emitter, node, { epsilon }) =>
    emitter.node("SimplifiedLayerNormalization", emitter.inputs(node), emitter.outputs(node), {
      axis: -1,
      epsilon: { float: epsilon },
      stash_type: 1,
    }),
};

/** x / √(mean(x²) + ε) · scale along the last axis (arXiv 1910.07467). */
export function rmsNorm(x: Value, scale: Value, epsilon: number): Value {
  return applyOne(rmsNormOperation, [x, scale], { epsilon });
}
