/** Element-wise arithmetic of two operands under broadcasting. */
import { broadcastShapes, formatShape } from "../type.ts";
import { type Algebra, applyOne, type Backward, inputOf, type Operation, requireDType, type Value } from "../value.ts";
import { scalar } from "./source.ts";

/** A value, or a number that stands for a scalar constant. */
export type Operand = Value | number;

/** The operand as a value. */
export function lift(operand: Operand): Value {
  return typeof operand === "number" ? scalar(operand) : operand;
}

/** The shape two operands broadcast to; both must share an element type. */
export function inferBroadcast([a, b]: readonly Value[]): number[] {
  if (a === undefined || b === undefined) throw new Error("two operands are needed");
  requireDType(b, a.dtype);
  const shape = broadcastShapes(a.shape, b.shape);
  if (shape === undefined) throw new Error(`${formatShape(a.shape)} and ${formatShape(b.shape)} do not broadcast`);
  return shape;
}

type Rule = (
  backward: Backward<object>,
  algebra: Algebra,
  a: Value,
  b: Value,
) => [Value | undefined, Value | undefined];

type Neutral = NonNullable<Operation["neutral"]>;

function binary(name: string, type: string, rule: Rule, neutral: Neutral = {}): (a: Operand, b: Operand) => Value {
  const operation: Operation = {
    name,
    neutral,
    broadcasts: true,
    infer: (inputs) => [{ dtype: lift(inputs[0] ?? 0).dtype, shape: inferBroadcast(inputs) }],
    gradient: (backward, algebra) => {
      const [a, b] = [inputOf(backward, 0), inputOf(backward, 1)];
      const [forA, forB] = rule(backward, algebra, a, b);
      return [forA && algebra.sumTo(forA, a.shape), forB && algebra.sumTo(forB, b.shape)];
    },
    emit: (emitter, node) => emitter.node(type, emitter.inputs(node), emitter.outputs(node)),
  };
  return (a, b) => applyOne(operation, [lift(a), lift(b)], {});
}

/** a + b. */
export const add: (a: Operand, b: Operand) => Value = binary("add", "Add", ({ gradient }) => [gradient, gradient], {
  first: 0,
  second: 0,
});

/** a − b. */
export const subtract: (a: Operand, b: Operand) => Value = binary(
  "subtract",
  "Sub",
  ({ gradient }, g) => [gradient, g.negate(gradient)],
  { second: 0 },
);

/** a · b, element by element. */
export const multiply: (a: Operand, b: Operand) => Value = binary(
  "multiply",
  "Mul",
  ({ gradient }, g, a, b) => {
    if (a === b) return [g.multiply(g.multiply(gradient, 2), b), undefined];
    return [g.multiply(gradient, b), g.multiply(gradient, a)];
  },
  { first: 1, second: 1 },
);

/** a / b, element by element. */
export const divide: (a: Operand, b: Operand) => Value = binary(
  "divide",
  "Div",
  ({ gradient, outputs }, g, _a, b) => {
    const scaled = g.divide(gradient, b);
    return [scaled, g.negate(g.multiply(scaled, outputs[0] ?? 0))];
  },
  { second: 1 },
);

const quotientOperation: Operation = {
  name: "quotient",
  infer: (inputs) => {
    for (const value of inputs) requireDType(value, "int64", "int32");
    return [{ dtype: inputOf({ inputs }, 0).dtype, shape: inferBroadcast(inputs) }];
  },
  gradient: () => [undefined, undefined],
  emit: (emitter, node) => emitter.node("Div", emitter.inputs(node), emitter.outputs(node)),
};

/** a / b of integers, rounded towards zero. */
export function quotient(a: Value, b: Value): Value {
  return applyOne(quotientOperation, [a, b], {});
}

/** The larger of a and b; where they are equal the gradient goes to b, as a clamp's bound takes it. */
export const maximum: (a: Operand, b: Operand) => Value = binary("maximum", "Max", ({ gradient }, g, a, b) => {
  const first = g.greater(a, b);
  return [g.where(first, gradient, 0), g.where(first, 0, gradient)];
});

/** The smaller of a and b; where they are equal the gradient goes to b. */
export const minimum: (a: Operand, b: Operand) => Value = binary("minimum", "Min", ({ gradient }, g, a, b) => {
  const first = g.less(a, b);
  return [g.where(first, gradient, 0), g.where(first, 0, gradient)];
});

/** a raised to the power b, for positive a; the gradient reaches a alone, the exponent is taken as a constant. */
export const power: (a: Operand, b: Operand) => Value = binary("power", "Pow", ({ gradient }, g, a, b) => [
  g.multiply(gradient, g.multiply(b, g.power(a, g.subtract(b, 1)))),
  undefined,
]);
