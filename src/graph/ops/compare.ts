/** Comparisons, selection by a mask, and changes of element type. */
import { broadcastShapes, type DType, formatShape } from "../type.ts";
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";
import { inferBroadcast, lift, type Operand } from "./binary.ts";

function comparison(name: string, type: string): (a: Operand, b: Operand) => Value {
  const operation: Operation = {
    name,
    infer: (inputs) => [{ dtype: "bool", shape: inferBroadcast(inputs) }],
    gradient: () => [undefined, undefined],
    emit: (emitter, node) => emitter.node(type, emitter.inputs(node), emitter.outputs(node)),
  };
  return (a, b) => applyOne(operation, [lift(a), lift(b)], {});
}

/** a > b, as booleans. */
export const greater: (a: Operand, b: Operand) => Value = comparison("greater", "Greater");

/** a < b, as booleans. */
export const less: (a: Operand, b: Operand) => Value = comparison("less", "Less");

/** a = b, as booleans. */
export const equal: (a: Operand, b: Operand) => Value = comparison("equal", "Equal");

function logical(name: string, type: string): (a: Value, b: Value) => Value {
  const operation: Operation = {
    name,
    infer: (inputs) => {
      for (const value of inputs) requireDType(value, "bool");
      return [{ dtype: "bool", shape: inferBroadcast(inputs) }];
    },
    gradient: () => [undefined, undefined],
    emit: (emitter, node) => emitter.node(type, emitter.inputs(node), emitter.outputs(node)),
  };
  return (a, b) => applyOne(operation, [a, b], {});
}

/** True where both booleans are. */
export const and: (a: Value, b: Value) => Value = logical("and", "And");

/** True where at least one of the booleans is. */
export const or: (a: Value, b: Value) => Value = logical("or", "Or");

const notOperation: Operation = {
  name: "not",
  infer: (inputs) => {
    const x = inputOf({ inputs }, 0);
    requireDType(x, "bool");
    return [x];
  },
  gradient: () => [undefined],
  emit: (emitter, node) => emitter.node("Not", emitter.inputs(node), emitter.outputs(node)),
};

/** True where the boolean is false. */
export function not(x: Value): Value {
  return applyOne(notOperation, [x], {});
}

const whereOperation: Operation = {
  name: "where",
  broadcasts: true,
  infer: (inputs) => {
    const [condition, a, b] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1), inputOf({ inputs }, 2)];
    requireDType(condition, "bool");
    const shape = broadcastShapes(condition.shape, inferBroadcast([a, b]));
    if (shape === undefined) throw new Error(`the condition ${formatShape(condition.shape)} does not broadcast`);
    return [{ dtype: a.dtype, shape }];
  },
  gradient: (backward, g) => {
    const [condition, a, b] = [inputOf(backward, 0), inputOf(backward, 1), inputOf(backward, 2)];
    return [
      undefined,
      g.sumTo(g.where(condition, backward.gradient, 0), a.shape),
      g.sumTo(g.where(condition, 0, backward.gradient), b.shape),
    ];
  },
  emit: (emitter, node) => emitter.node("Where", emitter.inputs(node), emitter.outputs(node)),
};

/** a where the boolean condition holds, b elsewhere; all three broadcast. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  return applyOne(whereOperation, [condition, lift(a), lift(b)], {});
}

/** Attributes of a `cast`. */
export interface CastAttributes {
  readonly dtype: DType;
}

const onnxTypes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** ONNX's number for an element type (TensorProto.DataType). */
export function onnxTypeOf(dtype: DType): number {
  return onnxTypes[dtype];
}

const castOperation: Operation<CastAttributes> = {
  name: "cast",
  infer: (inputs, { dtype }) => [{ dtype, shape: inputOf({ inputs }, 0).shape }],
  gradient: ({ inputs, gradient }) => [inputOf({ inputs }, 0).dtype === "float32" ? gradient : undefined],
  emit: (emitter, node, { dtype }) =>
    emitter.node("Cast", emitter.inputs(node), emitter.outputs(node), { to: onnxTypeOf(dtype) }),
};

/** The same numbers in another element type. */
export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : applyOne(castOperation, [x], { dtype });
}
