/** Operations that move elements and compute nothing. */
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf } from "../type.ts";
import { applyOne, inputOf, normalizeAxis, type Operation, type Value } from "../value.ts";

/** Attributes of operations that name their result's shape. */
export interface ShapeAttributes {
  readonly shape: Shape;
}

const reshapeOperation: Operation<ShapeAttributes> = {
  name: "reshape",
  view: true,
  infer: (inputs, { shape }) => {
    const x = inputOf({ inputs }, 0);
    if (sizeOf(x.shape) !== sizeOf(shape))
      throw new Error(`${formatShape(x.shape)} does not fill ${formatShape(shape)}`);
    return [{ dtype: x.dtype, shape }];
  },
  gradient: (backward, g) => [g.reshape(backward.gradient, inputOf(backward, 0).shape)],
  // Of several reshapes only the last one counts.
  shortened: (inputs, { shape }) => {
    const x = inputOf({ inputs }, 0);
    return x.node.operation === reshapeOperation ? reshape(inputOf(x.node, 0), shape) : undefined;
  },
  emit: (emitter, node, { shape }) =>
    emitter.node("Reshape", [...emitter.inputs(node), emitter.integers(shape)], emitter.outputs(node), {
      // A zero must mean an empty dimension, not "copy the input's".
      allowzero: 1,
    }),
};

/** The same elements in row-major order under another shape; one dimension may be −1. */
export function reshape(x: Value, shape: Shape): Value {
  const known = shape.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const full = shape.map((size) => (size === -1 ? sizeOf(x.shape) / known : size));
  return sameShape(x.shape, full) ? x : applyOne(reshapeOperation, [x], { shape: full });
}

/** Attributes of `transpose`. */
export interface TransposeAttributes {
  readonly permutation: readonly number[];
}

const transposeOperation: Operation<TransposeAttributes> = {
  name: "transpose",
  infer: (inputs, { permutation }) => {
    const x = inputOf({ inputs }, 0);
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length !== x.shape.length || sorted.some((axis, index) => axis !== index)) {
      throw new Error(`${formatShape(permutation)} is no permutation of the axes of ${formatShape(x.shape)}`);
    }
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis] ?? 1) }];
  },
  gradient: ({ gradient, attributes }, g) => {
    const inverse = attributes.permutation.map((_axis, index) => attributes.permutation.indexOf(index));
    return [g.transpose(gradient, inverse)];
  },
  emit: (emitter, node, { permutation }) =>
    emitter.node("Transpose", emitter.inputs(node), emitter.outputs(node), { perm: permutation }),
};

/** Reorders axes: result axis i is the input's axis `permutation[i]`. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  return applyOne(transposeOperation, [x], { permutation });
}

const broadcastOperation: Operation<ShapeAttributes> = {
  name: "broadcastTo",
  infer: (inputs, { shape }) => {
    const x = inputOf({ inputs }, 0);
    const result = broadcastShapes(x.shape, shape);
    if (result === undefined || !sameShape(result, shape)) {
      throw new Error(`${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`);
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient: (backward, g) => [g.sumTo(backward.gradient, inputOf(backward, 0).shape)],
  emit: (emitter, node, { shape }) =>
    emitter.node("Expand", [...emitter.inputs(node), emitter.integers(shape)], emitter.outputs(node)),
};

/** Repeats dimensions of 1 until the value has the given shape. */
export function broadcastTo(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : applyOne(broadcastOperation, [x], { shape });
}

/** Attributes of `concat`. */
export interface ConcatAttributes {
  readonly axis: number;
}

const concatOperation: Operation<ConcatAttributes> = {
  name: "concat",
  infer: (inputs, { axis }) => {
    const first = inputOf({ inputs }, 0);
    const shape = [...first.shape];
    for (const value of inputs.slice(1)) {
      const fits =
        value.shape.length === shape.length && value.shape.every((size, a) => a === axis || size === shape[a]);
      if (!fits || value.dtype !== first.dtype)
        throw new Error(`${formatShape(value.shape)} does not join on axis ${axis}`);
      shape[axis] = (shape[axis] ?? 0) + (value.shape[axis] ?? 0);
    }
    return [{ dtype: first.dtype, shape }];
  },
  gradient: ({ inputs, gradient, attributes: { axis } }, g) => {
    let start = 0;
    return inputs.map((value) => {
      const end = start + (value.shape[axis] ?? 0);
      const part = g.slice(gradient, axis, start, end);
      start = end;
      return part;
    });
  },
  emit: (emitter, node, { axis }) => emitter.node("Concat", emitter.inputs(node), emitter.outputs(node), { axis }),
};

/** Joins values along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  const first = inputOf({ inputs: values }, 0);
  if (values.length === 1) return first;
  return applyOne(concatOperation, values, { axis: normalizeAxis(axis, first.shape) });
}

/** Attributes of `slice`: `start` inclusive, `end` exclusive, both within the axis. */
export interface SliceAttributes {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

const sliceOperation: Operation<SliceAttributes> = {
  name: "slice",
  infer: (inputs, { axis, start, end }) => {
    const x = inputOf({ inputs }, 0);
    const size = x.shape[axis] ?? 0;
    if (start < 0 || end > size || start > end)
      throw new Error(`[${start}, ${end}) is outside axis ${axis} of ${formatShape(x.shape)}`);
    return [{ dtype: x.dtype, shape: x.shape.map((old, a) => (a === axis ? end - start : old)) }];
  },
  gradient: ({ inputs, gradient, attributes: { axis, start, end } }, g) => {
    const size = inputOf({ inputs }, 0).shape[axis] ?? 0;
    return [g.pad(gradient, axis, start, size - end)];
  },
  emit: (emitter, node, { axis, start, end }) => {
    const bounds = [[start], [end], [axis]].map((values) => emitter.integers(values));
    emitter.node("Slice", [...emitter.inputs(node), ...bounds], emitter.outputs(node));
  },
};

/** Elements `start` (inclusive) to `end` (exclusive) of an axis; negative bounds count from the end. */
export function slice(x: Value, axis: number, start: number, end?: number): Value {
  const positive = normalizeAxis(axis, x.shape);
  const size = x.shape[positive] ?? 0;
  const bound = (value: number) => (value < 0 ? value + size : value);
  const [from, to] = [bound(start), bound(end ?? size)];
  return from === 0 && to === size ? x : applyOne(sliceOperation, [x], { axis: positive, start: from, end: to });
}

/** Attributes of `pad`: zeros added at the two ends of an axis. */
export interface PadAttributes {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

const padOperation: Operation<PadAttributes> = {
  name: "pad",
  infer: (inputs, { axis, before, after }) => {
    const x = inputOf({ inputs }, 0);
    if (before < 0 || after < 0) throw new Error("padding cannot be negative");
    return [{ dtype: x.dtype, shape: x.shape.map((size, a) => (a === axis ? size + before + after : size)) }];
  },
  gradient: ({ inputs, gradient, attributes: { axis, before } }, g) => {
    const size = inputOf({ inputs }, 0).shape[axis] ?? 0;
    return [g.slice(gradient, axis, before, before + size)];
  },
  emit: (emitter, node, { axis, before, after }) => {
    // All axes are spelled out: ONNX Runtime's transpose optimizer misreads amounts given for some axes only.
    const amounts = [before, after].flatMap((amount) =>
      inputOf(node, 0).shape.map((_size, a) => (a === axis ? amount : 0)),
    );
    emitter.node("Pad", [...emitter.inputs(node), emitter.integers(amounts)], emitter.outputs(node), {
      mode: "constant",
    });
  },
};

/** Adds zeros before and after along an axis. */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x;
  return applyOne(padOperation, [x], { axis: normalizeAxis(axis, x.shape), before, after });
}

/** Attributes of operations along one axis. */
export interface AxisAttributes {
  readonly axis: number;
}

const reverseOperation: Operation<AxisAttributes> = {
  name: "reverse",
  infer: (inputs) => [inputOf({ inputs }, 0)],
  gradient: ({ gradient, attributes }, g) => [g.reverse(gradient, attributes.axis)],
  emit: (emitter, node, { axis }) => {
    // ONNX slices backwards from the last element to before the first, which int64's minimum stands for.
    const bounds = [[-1], [Number.MIN_SAFE_INTEGER], [axis], [-1]].map((values) => emitter.integers(values));
    emitter.node("Slice", [...emitter.inputs(node), ...bounds], emitter.outputs(node));
  },
};

/** The elements of an axis in opposite order. */
export function reverse(x: Value, axis: number): Value {
  return applyOne(reverseOperation, [x], { axis: normalizeAxis(axis, x.shape) });
}
