/** Sequences cut into chunks, the chunks first: a scan over them then walks the first axis. */
import { pad, reshape, slice, transpose, type Value } from "../../graph/index.ts";

/** Tokens of a chunk: its products are then as wide as a head. */
export const chunkLength = 64;

/** The chunk for a sequence of `length` tokens: short ones need not be filled up to a whole one. */
export function chunkFor(length: number, most: number = chunkLength): number {
  return Math.min(most, 2 ** Math.ceil(Math.log2(Math.max(length, 8))));
}

/** `[batch, heads, length, width]` as `[chunks, batch, heads, chunk, width]`, padded with zeros. */
export function toChunks(x: Value, chunk: number): Value {
  const [batch = 1, heads = 1, length = 0, width = 1] = x.shape;
  const chunks = Math.ceil(length / chunk);
  const whole = pad(x, 2, 0, chunks * chunk - length);
  return transpose(reshape(whole, [batch, heads, chunks, chunk, width]), [2, 0, 1, 3, 4]);
}

/** `[chunks, batch, heads, chunk, width]` as `[batch, heads, length, width]`. */
export function fromChunks(x: Value, length: number): Value {
  const [chunks = 1, batch = 1, heads = 1, chunk = 1, width = 1] = x.shape;
  const joined = reshape(transpose(x, [1, 2, 0, 3, 4]), [batch, heads, chunks * chunk, width]);
  return slice(joined, 2, 0, length);
}
