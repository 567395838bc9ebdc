/** Cutting a value into parts. */
import { formatShape } from "../type.ts";
import { apply, inputOf, normalizeAxis, type Operation, type Value } from "../value.ts";

/** Attributes of `split`: the parts' sizes along the axis. */
export interface SplitAttributes {
  readonly axis: number;
  readonly sizes: readonly number[];
}

const splitOperation: Operation<SplitAttributes> = {
  name: "split",
  infer: (inputs, { axis, sizes }) => {
    const { dtype, shape } = inputOf({ inputs }, 0);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total !== shape[axis])
      throw new Error(`parts of ${sizes.join(" + ")} do not make up axis ${axis} of ${formatShape(shape)}`);
    return sizes.map((size) => ({ dtype, shape: shape.map((old, a) => (a === axis ? size : old)) }));
  },
  gradient: ({ outputs, gradients, attributes }, g) => [
    g.concat(
      outputs.map((output, index) => gradients[index] ?? g.broadcastTo(g.scalar(0), output.shape)),
      attributes.axis,
    ),
  ],
  emit: (emitter, node, { axis, sizes }) => {
    // Parts that nobody reads need a name all the same.
    const outputs = emitter.outputs(node).map((name) => (name === "" ? emitter.temporary() : name));
    emitter.node("Split", [...emitter.inputs(node), emitter.integers(sizes)], outputs, { axis });
  },
};

/** Consecutive parts of the given sizes along an axis. */
export function split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  return apply(splitOperation, [x], { axis: normalizeAxis(axis, x.shape), sizes }).outputs;
}
