/** The largest elements of a row. */
import { dimension } from "../type.ts";
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";

/** Attributes of `topIndices`: how many of each row. */
export interface TopAttributes {
  readonly count: number;
}

const topOperation: Operation<TopAttributes> = {
  name: "topIndices",
  costly: () => true,
  infer: (inputs, { count }) => {
    const x = inputOf({ inputs }, 0);
    requireDType(x, "float32");
    const width = dimension(x.shape, -1);
    if (!Number.isInteger(count) || count < 1 || count > width)
      throw new Error(`${count} is no number of elements of a row of ${width}`);
    return [{ dtype: "int64", shape: [...x.shape.slice(0, -1), count] }];
  },
  gradient: () => [undefined],
  emit: (emitter, node, { count }) =>
    emitter.node(
      "TopK",
      [...emitter.inputs(node), emitter.integers([count])],
      [emitter.temporary(), ...emitter.outputs(node)],
      { axis: -1, largest: 1, sorted: 1 },
    ),
};

/** Places (int64) of the `count` largest elements along the last axis, largest first; of equal ones the first come first. */
export function topIndices(x: Value, count: number): Value {
  return applyOne(topOperation, [x], { count });
}
