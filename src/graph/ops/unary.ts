/** Element-wise functions of one operand. */
import { type Algebra, applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";

type Rule = (context: { x: Value; y: Value; gradient: Value }, algebra: Algebra) => Value | undefined;

function unary(name: string, type: string, rule: Rule, domain?: "com.microsoft", alpha?: number): (x: Value) => Value {
  const attributes = alpha === undefined ? undefined : { alpha: { float: alpha } };
  const operation: Operation = {
    name,
    infer: (inputs) => {
      const x = inputOf({ inputs }, 0);
      requireDType(x, "float32");
      return [x];
    },
    gradient: ({ inputs, outputs, gradient }, algebra) => {
      const [x, y] = [inputOf({ inputs }, 0), inputOf({ inputs: outputs }, 0)];
      return [rule({ x, y, gradient }, algebra)];
    },
    emit: (emitter, node) => emitter.node(type, emitter.inputs(node), emitter.outputs(node), attributes, domain),
  };
  return (x) => applyOne(operation, [x], {});
}

/** −x. */
export const negate: (x: Value) => Value = unary("negate", "Neg", ({ gradient }, g) => g.negate(gradient));

/** eˣ. */
export const exp: (x: Value) => Value = unary("exp", "Exp", ({ y, gradient }, g) => g.multiply(gradient, y));

/** Natural logarithm of a positive x. */
export const log: (x: Value) => Value = unary("log", "Log", ({ x, gradient }, g) => g.divide(gradient, x));

/** √x. */
export const sqrt: (x: Value) => Value = unary("sqrt", "Sqrt", ({ y, gradient }, g) =>
  g.divide(gradient, g.multiply(2, y)),
);

/** 1 / x. */
export const reciprocal: (x: Value) => Value = unary("reciprocal", "Reciprocal", ({ y, gradient }, g) =>
  g.negate(g.multiply(gradient, g.multiply(y, y))),
);

/** Logistic function 1 / (1 + e⁻ˣ). */
export const sigmoid: (x: Value) => Value = unary("sigmoid", "Sigmoid", ({ y, gradient }, g) =>
  g.multiply(gradient, g.multiply(y, g.subtract(1, y))),
);

/** Hyperbolic tangent. */
export const tanh: (x: Value) => Value = unary("tanh", "Tanh", ({ y, gradient }, g) =>
  g.multiply(gradient, g.subtract(1, g.multiply(y, y))),
);

/** Sine of an angle in radians. */
export const sin: (x: Value) => Value = unary("sin", "Sin", ({ x, gradient }, g) => g.multiply(gradient, g.cos(x)));

/** Cosine of an angle in radians. */
export const cos: (x: Value) => Value = unary("cos", "Cos", ({ x, gradient }, g) =>
  g.negate(g.multiply(gradient, g.sin(x))),
);

/** log(1 + eˣ). */
export const softplus: (x: Value) => Value = unary("softplus", "Softplus", ({ x, gradient }, g) =>
  g.multiply(gradient, g.sigmoid(x)),
);

/** max(x, 0). */
export const relu: (x: Value) => Value = unary("relu", "Relu", ({ y, gradient }, g) =>
  g.where(g.greater(y, 0), gradient, 0),
);

/** |x|; its derivative at 0 is taken as −1. */
export const absolute: (x: Value) => Value = unary("absolute", "Abs", ({ x, gradient }, g) =>
  g.where(g.greater(x, 0), gradient, g.negate(gradient)),
);

/** The nearest integer, halves to the even one; no gradient passes. */
export const round: (x: Value) => Value = unary("round", "Round", () => undefined);

/** Gauss's error function. */
export const erf: (x: Value) => Value = unary("erf", "Erf", ({ x, gradient }, g) =>
  g.multiply(gradient, g.multiply(2 / Math.sqrt(Math.PI), g.exp(g.negate(g.multiply(x, x))))),
);

/** x · sigmoid(x), fused (SiLU, swish; ONNX Runtime's QuickGelu at α = 1). */
export const silu: (x: Value) => Value = unary(
  "silu",
  "QuickGelu",
  // σ(x) (1 + x (1 − σ(x))), with x σ(x) as it is known.
  ({ x, y, gradient }, g) => g.multiply(gradient, g.multiply(g.sigmoid(x), g.add(g.subtract(x, y), 1))),
  "com.microsoft",
  1,
);

/** Slope of the standard normal distribution: e^(−x²/2) / √(2π). */
const density = (x: Value, g: Algebra) =>
  g.multiply(1 / Math.sqrt(2 * Math.PI), g.exp(g.multiply(g.multiply(x, x), -0.5)));

/** x · Φ(x), Φ the standard normal distribution, fused (GELU, arXiv 1606.08415). */
export const gelu: (x: Value) => Value = unary(
  "gelu",
  "Gelu",
  ({ x, gradient }, g) => {
    const below = g.multiply(g.add(g.erf(g.multiply(x, Math.SQRT1_2)), 1), 0.5);
    return g.multiply(gradient, g.add(below, g.multiply(x, density(x, g))));
  },
  "com.microsoft",
);

const [inner, cubic] = [Math.sqrt(2 / Math.PI), 0.044715];

/** GELU by a hyperbolic tangent: x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, fused. */
export const geluTanh: (x: Value) => Value = unary(
  "geluTanh",
  "FastGelu",
  ({ x, gradient }, g) => {
    const square = g.multiply(x, x);
    const t = g.tanh(g.multiply(g.multiply(x, g.add(g.multiply(square, cubic), 1)), inner));
    const slope = g.multiply(g.add(g.multiply(square, 3 * cubic), 1), inner);
    const bent = g.multiply(g.multiply(x, g.subtract(1, g.multiply(t, t))), slope);
    return g.multiply(gradient, g.multiply(g.add(g.add(t, 1), bent), 0.5));
  },
  "com.microsoft",
);
