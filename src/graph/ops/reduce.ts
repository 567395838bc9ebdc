/** Reductions over axes, and cumulative sums. */
import { type Shape, sameShape } from "../type.ts";
import { applyOne, inputOf, normalizeAxis, type Operation, requireDType, type Value } from "../value.ts";
import { reshape } from "./shape.ts";

/** Attributes of the reductions: reduced axes, ascending; they stay as dimensions of 1. */
export interface ReduceAttributes {
  readonly axes: readonly number[];
}

function inferReduced(inputs: readonly Value[], { axes }: ReduceAttributes) {
  const x = inputOf({ inputs }, 0);
  requireDType(x, "float32");
  return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) }];
}

const emitReduce =
  (type: string): Operation<ReduceAttributes>["emit"] =>
  (emitter, node, { axes }) =>
    emitter.node(type, [...emitter.inputs(node), emitter.integers(axes)], emitter.outputs(node), { keepdims: 1 });

const sumOperation: Operation<ReduceAttributes> = {
  name: "sum",
  infer: inferReduced,
  gradient: (backward, g) => [g.broadcastTo(backward.gradient, inputOf(backward, 0).shape)],
  emit: emitReduce("ReduceSum"),
};

const maxOperation: Operation<ReduceAttributes> = {
  name: "max",
  infer: inferReduced,
  // Ties share the gradient evenly, as torch.amax does.
  gradient: ({ inputs, outputs, gradient, attributes }, g) => {
    const [x, y] = [inputOf({ inputs }, 0), inputOf({ inputs: outputs }, 0)];
    const hit = g.cast(g.equal(x, y), "float32");
    return [g.multiply(hit, g.divide(gradient, g.sum(hit, attributes.axes)))];
  },
  emit: emitReduce("ReduceMax"),
};

function allAxes(x: Value): number[] {
  return x.shape.map((_size, axis) => axis);
}

function normalizeAxes(x: Value, axes: readonly number[]): number[] {
  return [...new Set(axes.map((axis) => normalizeAxis(axis, x.shape)))].sort((a, b) => a - b);
}

/** Sum over `axes` (default: all), kept as dimensions of 1. */
export function sum(x: Value, axes: readonly number[] = allAxes(x)): Value {
  return axes.length === 0 ? x : applyOne(sumOperation, [x], { axes: normalizeAxes(x, axes) });
}

/** Largest element over `axes` (default: all), kept as dimensions of 1. */
export function max(x: Value, axes: readonly number[] = allAxes(x)): Value {
  return applyOne(maxOperation, [x], { axes: normalizeAxes(x, axes) });
}

const meanOperation: Operation<ReduceAttributes> = {
  name: "mean",
  infer: inferReduced,
  gradient: ({ inputs, gradient, attributes }, g) => {
    const x = inputOf({ inputs }, 0);
    const count = attributes.axes.reduce((product, axis) => product * (x.shape[axis] ?? 1), 1);
    return [g.broadcastTo(g.divide(gradient, count), x.shape)];
  },
  emit: emitReduce("ReduceMean"),
};

/** Mean over `axes` (default: all), kept as dimensions of 1. */
export function mean(x: Value, axes: readonly number[] = allAxes(x)): Value {
  return applyOne(meanOperation, [x], { axes: normalizeAxes(x, axes) });
}

/** Sums away what broadcasting added, so that a gradient has its operand's shape. */
export function sumTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const added = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) =>
    axis < added || (size !== 1 && shape[axis - added] === 1) ? [axis] : [],
  );
  const summed = sum(x, axes);
  return reshape(summed, shape);
}

/** Attributes of `cumulativeSum`. */
export interface CumulativeAttributes {
  readonly axis: number;
  /** Leave each element itself out of its sum. */
  readonly exclusive: boolean;
  /** Sum from the end. */
  readonly reverse: boolean;
}

const cumulativeOperation: Operation<CumulativeAttributes> = {
  name: "cumulativeSum",
  infer: (inputs) => [inputOf({ inputs }, 0)],
  gradient: ({ gradient, attributes }, g) => [
    g.cumulativeSum(gradient, attributes.axis, { ...attributes, reverse: !attributes.reverse }),
  ],
  emit: (emitter, node, { axis, exclusive, reverse }) =>
    emitter.node("CumSum", [...emitter.inputs(node), emitter.integers([axis])], emitter.outputs(node), {
      exclusive: Number(exclusive),
      reverse: Number(reverse),
    }),
};

/** Running sum along an axis. */
export function cumulativeSum(x: Value, axis: number, options: { exclusive?: boolean; reverse?: boolean } = {}): Value {
  const { exclusive = false, reverse = false } = options;
  return applyOne(cumulativeOperation, [x], { axis: normalizeAxis(axis, x.shape), exclusive, reverse });
}
