/** Linear systems of symmetric positive matrices. */
import {
  add,
  concat,
  divide,
  equal,
  matmul,
  multiply,
  negate,
  numbers,
  reciprocal,
  scalar,
  scan,
  slice,
  subtract,
  sum,
  type Value,
  where,
  withGradient,
} from "../../graph/index.ts";
import { swapLast } from "./parts.ts";

const inner = (a: Value, b: Value) => sum(multiply(a, b), [-1]);

/** a / b, and 0 where both are 0: a system that is solved takes no further step. */
const ratio = (a: Value, b: Value) => divide(a, where(equal(b, 0), 1, b));

/**
 * The rows x with x A = b for rows b `[…, width]`, by conjugate gradients: `apply` gives x A, with a matrix A of its own for each
 * row, symmetric and positive. As many iterations as A has rows solve exactly, but for rounding. Not to be differentiated through.
 */
export function conjugateGradients(apply: (x: Value) => Value, b: Value, iterations: number): Value {
  const { carried } = scan({
    carried: [scalar(0, b.shape), b, b, inner(b, b)],
    sequences: [scalar(0, [iterations, 1])],
    body: ([x = b, residual = b, direction = b, size = b]) => {
      const applied = apply(direction);
      const length = ratio(size, inner(direction, applied));
      const rest = subtract(residual, multiply(length, applied));
      const next = inner(rest, rest);
      const turned = add(rest, multiply(ratio(next, size), direction));
      return { carried: [add(x, multiply(length, direction)), rest, turned, next], outputs: [] };
    },
  });
  return carried[0] as Value;
}

/** The identity matrix. */
export function identity(size: number): Value {
  return numbers(
    Array.from({ length: size * size }, (_unused, index) => Number(index % size === Math.floor(index / size))),
    [size, size],
  );
}

/** A⁻¹ of symmetric positive matrices `[…, size, size]`, by halves: their Schur complements are symmetric and positive too. */
export function positiveInverse(a: Value): Value {
  const inverse = inverted(a);
  return withGradient(inverse, [a], (upstream, g) => {
    const left = g.matmul(inverse, upstream, { transposeA: true });
    return [g.negate(g.matmul(left, inverse, { transposeB: true }))];
  });
}

function inverted(a: Value): Value {
  const [rank, size] = [a.shape.length, a.shape.at(-1) ?? 1];
  if (size === 1) return reciprocal(a);
  const [rows, columns] = [rank - 2, rank - 1];
  const middle = Math.ceil(size / 2);
  const [top, bottom] = [slice(a, rows, 0, middle), slice(a, rows, middle)];
  const across = slice(top, columns, middle);
  const first = inverted(slice(top, columns, 0, middle));
  const along = matmul(first, across);
  const second = inverted(subtract(slice(bottom, columns, middle), matmul(swapLast(across), along)));
  const corner = negate(matmul(along, second));
  const whole = subtract(first, matmul(corner, swapLast(along)));
  return concat([concat([whole, corner], columns), concat([swapLast(corner), second], columns)], rows);
}
