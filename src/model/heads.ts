/** Heads, apart and side by side. */
import { reshape, transpose, type Value } from "../graph/index.ts";

/** `[batch, length, heads · dim]` as `[batch, heads, length, dim]`. */
export function splitHeads(x: Value, heads: number): Value {
  const [batch = 1, length = 1, width = 1] = x.shape;
  return transpose(reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** The heads' outputs `[batch, heads, length, dim]` side by side, `[batch, length, heads · dim]`. */
export function mergeHeads(mixed: Value): Value {
  const [batch = 1, heads = 1, length = 1, dim = 1] = mixed.shape;
  return reshape(transpose(mixed, [0, 2, 1, 3]), [batch, length, heads * dim]);
}
