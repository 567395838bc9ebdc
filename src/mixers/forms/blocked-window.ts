/** The window branch in blocks: each block of queries meets its own block of keys and the one before. Linear in the length. */
import {
  add,
  and,
  concat,
  constant,
  integers,
  less,
  mask,
  matmul,
  max,
  not,
  or,
  pad,
  reshape,
  slice,
  softmax,
  type Value,
  where,
} from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import { cut, joinHeads, sharedByGroup, splitHeads } from "../heads.ts";
import type { Term } from "../normalize.ts";
import { hidden } from "../recurrence/triangle.ts";
import type { Mixer } from "../spec.ts";
import type { WindowBlocks } from "../window.ts";
import type { Timeline } from "./timeline.ts";

/** The window's term; `timeline` is the call's, with a state only where the blocks begin with the call's tokens. */
export function blockedWindow(
  { spec }: Mixer,
  blocks: WindowBlocks,
  { queries }: MixerInputs,
  timeline: Timeline,
  { groups, length, dim }: MixerSizes,
): Term {
  const { size } = blocks;
  const front = blocks.phased ? timeline.phase : 0;
  const count = Math.ceil((front + length) / size);
  const pairs = (all: Value) => {
    const cutInBlocks = (x: Value) => cut(sharedByGroup(x), size);
    if (timeline.kept > 0) {
      // Keys the state kept are the block before the first.
      const own = cutInBlocks(all);
      return concat([slice(own, 3, 0, count), slice(own, 3, 1, count + 1)], 4);
    }
    // The block before each, as all tokens one block late: the state branch, which waits as long, shares it.
    const passed = Math.max(0, (count - 1) * size - front);
    const late = pad(slice(all, 2, 0, passed), 2, count * size - passed, 0);
    return concat([cutInBlocks(late), cutInBlocks(pad(all, 2, front, 0))], 4);
  };
  const q = cut(pad(splitHeads(queries, groups), 3, front, 0), size);
  const scores = matmul(q, pairs(timeline.keys), { transposeB: true, scale: spec.scale ?? dim ** -0.5 });
  const weights = softmax(add(scores, maskOf(blocks, timeline, count, front)));
  const whole = (x: Value) => {
    const joined = joinHeads(reshape(x, [...x.shape.slice(0, 3), count * size, x.shape[5] ?? 1]));
    return slice(joined, 2, front, front + length);
  };
  // The largest of the softmax's weights is the inverse of their sum before they were normalized.
  return {
    numerator: whole(matmul(weights, pairs(timeline.values))),
    denominator: 1,
    scale: whole(max(weights, [-1])),
  };
}

/** 0 for keys a query sees, very negative for the others: `[…, blocks, size, 2 · size]`. */
function maskOf({ size, seesBefore }: WindowBlocks, { kept, seen }: Timeline, count: number, front: number): Value {
  const sees = (query: number, key: number) => (key < size ? seesBefore(query, key) : key - size <= query);
  const bias = (shown: boolean) => (shown ? 0 : hidden);
  if (kept === 0) {
    const data = new Float32Array(count * size * 2 * size);
    data.forEach((_zero, index) => {
      const key = index % (2 * size);
      const query = Math.floor(index / (2 * size)) % size;
      const block = Math.floor(index / (2 * size * size));
      const place = (block - 1) * size + key;
      data[index] = bias(sees(query, key) && place >= front);
    });
    return constant(data, [count, size, 2 * size]);
  }
  const band = mask([size, 2 * size], (query = 0, key = 0) => sees(query, key));
  const later = mask([count, 1, 2 * size], (block = 0, _query = 0, key = 0) => block > 0 || key >= size);
  const places = reshape(integers(Array.from({ length: 2 * size }, (_unused, key) => size - key)), [1, 2 * size]);
  // An empty place of the state lies further back than tokens were seen.
  const filled = not(less(reshape(seen, [-1, 1, 1, 1, 1, 1]), places));
  return where(and(band, or(later, filled)), 0, hidden);
}
