/** Which keys of a block and its neighbours its queries see, as what is added to their scores. */
import { add, and, constant, integers, less, not, reshape, type Value, where } from "../../graph/index.ts";
import { hidden } from "../recurrence/triangle.ts";
import type { WindowBlocks } from "../windows/index.ts";
import type { Timeline } from "./timeline.ts";

/** Where blocks stand in a call. */
export interface Places {
  readonly blocks: WindowBlocks;
  /** Places before the first token. */
  readonly front: number;
  readonly count: number;
  /** Tokens of the call. */
  readonly length: number;
  /** First tokens that are kept apart. */
  readonly first: number;
  readonly causal: boolean;
}

/** Places of the call's tokens in the call, in the order of blocks: `index` counts from the block's beginning. */
function placeOf({ blocks: { size, stride, from }, front }: Places, entry: number, index: number): number {
  const [block, residue] = [Math.floor(entry / stride), entry % stride];
  return from + (block * size + index) * stride + residue - front;
}

/** Values of a function of blocks' entries and places in them. */
function table(places: Places, rows: number, of: (place: number, row: number) => number, start = 0): number[] {
  const entries = places.count * places.blocks.stride;
  return Array.from({ length: entries * rows }, (_unused, at) => {
    const row = at % rows;
    return of(placeOf(places, Math.floor(at / rows), row + start), row);
  });
}

/** 0 for keys a query sees, very negative for the others: `[…, entries, size, keys]`. */
export function blockBias(places: Places, { kept, seen, end }: Timeline): Value {
  const { blocks, count, first, length } = places;
  const { size, stride } = blocks;
  const [entries, width] = [count * stride, (blocks.after ? 3 : 2) * size];
  const bias = (shown: boolean) => (shown ? 0 : hidden);
  const band = Float32Array.from({ length: size * width }, (_unused, at) =>
    bias(blocks.sees(Math.floor(at / width), (at % width) - size)),
  );
  const near = constant(band, [size, width]);
  const inCall = (place: number) => place < length || !blocks.after;
  if (kept === 0 && end === undefined) {
    const there = table(places, width, (place) => bias(place >= first && inCall(place)), -size);
    return add(near, constant(Float32Array.from(there), [entries, 1, width]));
  }
  const all = reshape(integers(table(places, width, (place) => place, -size)), [1, 1, 1, entries, 1, width]);
  // An empty place of the state lies before the sequence's first token.
  const late = not(less(add(all, overBlocks(seen)), integers([first])));
  const there = end === undefined ? late : and(late, less(all, overBlocks(end)));
  return add(where(there, 0, hidden), near);
}

/** Which of the first tokens the blocks' queries see, `[…, entries, size, tokens]`; absent where all do. */
export function firstSeen(places: Places, { seen, end, first }: Timeline): Value | undefined {
  if (first === undefined) return undefined;
  const positions = reshape(first.positions, [1, 1, 1, 1, 1, -1]);
  if (!places.causal) return end && less(positions, overBlocks(end));
  const { size, stride } = places.blocks;
  const entries = places.count * stride;
  const queries = reshape(integers(table(places, size, (place) => place)), [1, 1, 1, entries, size, 1]);
  return not(less(add(queries, overBlocks(seen)), positions));
}

/** `[batch or 1, 1, 1]` over blocks. */
const overBlocks = (x: Value) => reshape(x, [-1, 1, 1, 1, 1, 1]);
