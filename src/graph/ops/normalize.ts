/** Normalization of a row: by its root mean square, or by its mean and deviation. */
import { formatShape, sameShape } from "../type.ts";
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";

/** Attributes of `rmsNorm` and `layerNorm`. */
export interface NormAttributes {
  readonly epsilon: number;
}

/** The type of x, whose rows a scale must fit. */
function normalized(inputs: readonly Value[]): readonly [Value] {
  const [x, scale] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1)];
  requireDType(x, "float32");
  if (!sameShape(scale.shape, x.shape.slice(-1))) {
    throw new Error(`the scale ${formatShape(scale.shape)} does not fit the last axis of ${formatShape(x.shape)}`);
  }
  return [x];
}

const rmsNormOperation: Operation<NormAttributes> = {
  name: "rmsNorm",
  infer: normalized,
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

const layerNormOperation: Operation<NormAttributes> = {
  name: "layerNorm",
  infer: normalized,
  gradient: (backward, g) => {
    const [x, scale] = [inputOf(backward, 0), inputOf(backward, 1)];
    const { gradient, attributes } = backward;
    const centred = g.subtract(x, g.mean(x, [-1]));
    const variance = g.mean(g.multiply(centred, centred), [-1]);
    const inverse = g.reciprocal(g.sqrt(g.add(variance, attributes.epsilon)));
    const normal = g.multiply(centred, inverse);
    const scaled = g.multiply(gradient, scale);
    const along = g.multiply(normal, g.mean(g.multiply(scaled, normal), [-1]));
    const forX = g.multiply(inverse, g.subtract(g.subtract(scaled, g.mean(scaled, [-1])), along));
    return [forX, g.sumTo(g.multiply(gradient, normal), scale.shape)];
  },
  emit: (emitter, node, { epsilon }) =>
    emitter.node("LayerNormalization", emitter.inputs(node), emitter.outputs(node), {
      axis: -1,
      epsilon: { float: epsilon },
      stash_type: 1,
    }),
};

/** (x − mean) / √(variance + ε) · scale along the last axis (arXiv 1607.06450). */
export function layerNorm(x: Value, scale: Value, epsilon: number): Value {
  return applyOne(layerNormOperation, [x, scale], { epsilon });
}
