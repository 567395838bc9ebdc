/** Query heads that share key heads (head h reads group ⌊h · groups / heads⌋), and sequences cut into chunks. */
import { broadcastTo, pad, reshape, type Value } from "../graph/index.ts";

/** `[batch, heads, …]` as `[batch, groups, heads / groups, …]`. */
export function splitHeads(x: Value, groups: number): Value {
  const [batch = 1, heads = 1, ...rest] = x.shape;
  return reshape(x, [batch, groups, heads / groups, ...rest]);
}

/** `[batch, groups, repeats, …]` as `[batch, heads, …]`. */
export function joinHeads(x: Value): Value {
  const [batch = 1, groups = 1, repeats = 1, ...rest] = x.shape;
  return reshape(x, [batch, groups * repeats, ...rest]);
}

/** `[batch, groups, …]` as `[batch, groups, 1, …]`, which broadcasts over the query heads of a group. */
export function sharedByGroup(x: Value): Value {
  const [batch = 1, groups = 1, ...rest] = x.shape;
  return reshape(x, [batch, groups, 1, ...rest]);
}

/** `[batch, groups, …]` repeated to `[batch, heads, …]`. */
export function repeatHeads(x: Value, heads: number): Value {
  const [batch = 1, groups = 1, ...rest] = x.shape;
  if (groups === heads) return x;
  return joinHeads(broadcastTo(sharedByGroup(x), [batch, groups, heads / groups, ...rest]));
}

/** `[…, length, width]` as `[…, chunks, chunk, width]`, padded with zeros. */
export function cut(x: Value, chunk: number): Value {
  const axis = x.shape.length - 2;
  const [length = 0, width = 1] = x.shape.slice(-2);
  const chunks = Math.ceil(length / chunk);
  return reshape(pad(x, axis, 0, chunks * chunk - length), [...x.shape.slice(0, -2), chunks, chunk, width]);
}
