/** Blocks of every n-th token. */
import { reshape, transpose, type Value } from "../../graph/index.ts";

function swap(x: Value, rows: number, columns: number): Value {
  const width = x.shape.at(-1) ?? 1;
  return transpose(reshape(x, [-1, rows, columns, width]), [0, 2, 1, 3]);
}

/** `[…, blocks, size · stride, width]` as `[…, blocks · stride, size, width]`, every `stride`-th token in a block of its own. */
export function interleave(x: Value, stride: number): Value {
  if (stride === 1) return x;
  const [blocks = 1, span = 1, width = 1] = x.shape.slice(-3);
  const shape = [...x.shape.slice(0, -3), blocks * stride, span / stride, width];
  return reshape(swap(x, span / stride, stride), shape);
}

/** The inverse of `interleave`. */
export function separate(x: Value, stride: number): Value {
  if (stride === 1) return x;
  const [entries = 1, size = 1, width = 1] = x.shape.slice(-3);
  const shape = [...x.shape.slice(0, -3), entries / stride, size * stride, width];
  return reshape(swap(x, stride, size), shape);
}
