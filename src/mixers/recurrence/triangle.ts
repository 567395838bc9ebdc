/** Triangular matrices over the tokens of a chunk. */
import {
  add,
  concat,
  mask,
  matmul,
  negate,
  numbers,
  pad,
  reshape,
  slice,
  type Value,
  where,
  withGradient,
} from "../../graph/index.ts";

/** Scores of pairs that do not meet; exp of it is 0 without overflow. */
export const hidden = -1e30;

/** Pairs (query, key) where the key is at least `below` places before the query. */
export function earlier(size: number, below = 0): Value {
  return mask([size, size], (query = 0, key = 0) => key + below <= query);
}

/** 0 where the key is at least `below` places before the query, very negative elsewhere: to be added before `exp`. */
export function earlierBias(size: number, below = 0): Value {
  const place = (index: number) => (index % size) + below <= Math.floor(index / size);
  return numbers(
    Array.from({ length: size * size }, (_unused, index) => (place(index) ? 0 : hidden)),
    [size, size],
  );
}

/** The matrices `[…, size, size]` with zeros where the key is not at least `below` places before the query. */
export function lower(x: Value, below = 0): Value {
  return where(earlier(x.shape.at(-1) ?? 1, below), x, 0);
}

/** Rows `[…, rows, width]` as two halves `[…, 2, rows / 2, width]`. */
export function halves(x: Value): Value {
  const [rows = 1, width = 1] = x.shape.slice(-2);
  return reshape(x, [...x.shape.slice(0, -2), 2, rows / 2, width]);
}

/** One of the halves. */
export function half(x: Value, index: 0 | 1): Value {
  const cut = slice(x, -3, index, index + 1);
  return reshape(cut, [...x.shape.slice(0, -3), ...x.shape.slice(-2)]);
}

/** [[upper, 0], [across, lower]] from the diagonal blocks `[…, 2, rows, rows]` and the block across `[…, rows, rows]`. */
export function assemble(diagonal: Value, across: Value): Value {
  const rows = across.shape.at(-1) ?? 1;
  const axis = across.shape.length - 1;
  const top = pad(half(diagonal, 0), axis, 0, rows);
  return concat([top, concat([across, half(diagonal, 1)], axis)], axis - 1);
}

/**
 * (I + A)⁻¹ of strictly lower triangular A `[…, size, size]`, size a power of two: halves are inverted and merged,
 * T₂₁ = −T₂₂ A₂₁ T₁₁, which is as exact as forward substitution; doubling series are not, for keys that resemble each other.
 */
export function unitLowerInverse(a: Value): Value {
  const inverse = inverted(a);
  return withGradient(inverse, [a], (upstream, g) => {
    const left = g.matmul(inverse, upstream, { transposeA: true });
    return [
      g.negate(g.where(earlier(a.shape.at(-1) ?? 1, 1), g.matmul(left, inverse, { transposeB: true }), g.scalar(0))),
    ];
  });
}

function inverted(a: Value): Value {
  const size = a.shape.at(-1) ?? 1;
  const identity = numbers(
    Array.from({ length: size * size }, (_unused, index) => Number(index % size === Math.floor(index / size))),
    [size, size],
  );
  // A strictly lower matrix of two rows has no square.
  if (size <= 2) return add(identity, negate(a));
  const quarters = squareBlocks(a);
  const diagonal = inverted(quarters.diagonal);
  const across = negate(matmul(matmul(half(diagonal, 1), quarters.across), half(diagonal, 0)));
  return assemble(diagonal, across);
}

/** The diagonal blocks `[…, 2, rows, rows]` and the one below them `[…, rows, rows]` of square matrices. */
export function squareBlocks(a: Value): { readonly diagonal: Value; readonly across: Value } {
  const rows = (a.shape.at(-1) ?? 2) / 2;
  const [top, bottom] = [half(halves(a), 0), half(halves(a), 1)];
  const left = (x: Value) => slice(x, -1, 0, rows);
  const right = (x: Value) => slice(x, -1, rows, 2 * rows);
  const both = [left(top), right(bottom)].map((x) => reshape(x, [...x.shape.slice(0, -2), 1, rows, rows]));
  return { diagonal: concat(both, -3), across: left(bottom) };
}
