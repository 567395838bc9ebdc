/** The interpreter's functions of single numbers, by operation name. */

/** Abramowitz and Stegun's integral by its Taylor series and continued fraction, to double precision. */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  let term = z;
  let total = z;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total) && n < 400; n++) {
    term *= (-z * z) / n;
    total += term / (2 * n + 1);
  }
  return Math.sign(x) * total * (2 / Math.sqrt(Math.PI));
}

const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Functions of one number. */
export const unary: Record<string, (x: number) => number> = {
  negate: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  reciprocal: (x) => 1 / x,
  sigmoid,
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  relu: (x) => Math.max(x, 0),
  absolute: Math.abs,
  round: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  erf,
  not: (x) => Number(x === 0),
  silu: (x) => x * sigmoid(x),
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  geluTanh: (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
};

/** Functions of two numbers; comparisons give 0 or 1. */
export const binary: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  quotient: (a, b) => Math.trunc(a / b),
  maximum: Math.max,
  minimum: Math.min,
  power: (a, b) => a ** b,
  greater: (a, b) => Number(a > b),
  less: (a, b) => Number(a < b),
  equal: (a, b) => Number(a === b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
};
