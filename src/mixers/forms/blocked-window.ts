/** The window branch in blocks: each block of queries meets its own block of keys and its neighbours. Linear in the length. */
import { add, concat, pad, reshape, slice, subtract, type Value } from "../../graph/index.ts";
import type { MixerSizes } from "../contract.ts";
import { cut, joinHeads, sharedByGroup, splitHeads } from "../heads.ts";
import type { Term } from "../normalize.ts";
import type { Mixer } from "../spec.ts";
import type { Window, WindowBlocks } from "../windows/index.ts";
import { attend } from "./attend.ts";
import { blockBias, firstSeen, type Places } from "./block-bias.ts";
import { interleave, separate } from "./interleave.ts";
import type { WindowInputs } from "./recurrent.ts";
import { scoresOf } from "./scores.ts";
import { sinkScores } from "./sink-scores.ts";
import type { Timeline } from "./timeline.ts";

/**
 * The window's term for tokens from the first block on; `timeline` is the call's, with a state only where the blocks begin
 * with the call's tokens.
 */
export function blockedWindow(
  { spec }: Mixer,
  window: Window,
  blocks: WindowBlocks,
  inputs: WindowInputs,
  timeline: Timeline,
  sizes: MixerSizes,
): Term {
  const { groups } = sizes;
  const { size, stride, from } = blocks;
  const length = sizes.length - from;
  const span = size * stride;
  const front = blocks.phased ? timeline.phase : 0;
  const count = Math.ceil((front + length) / span);
  /** `[…, length, width]` as `[…, count · stride, size, width]`. */
  const inBlocks = (x: Value) => interleave(cut(x, span), stride);
  const neighbours = (all: Value) => neighboursOf(all, { blocks, front, count, kept: timeline.kept, inBlocks });
  const own = (x: Value) => inBlocks(pad(slice(splitHeads(x, groups), 3, from), 3, front, 0));
  const met = (x: Value) => neighbours(slice(sharedByGroup(x), 3, from));
  const places: Places = { blocks, front, count, length: sizes.length, first: window.first, causal: spec.causal };
  const q = own(inputs.queries);
  const first = inputs.firstQueries ? own(inputs.firstQueries) : q;
  const products = scoresOf(spec, q, met(timeline.keys));
  const { faded } = timeline;
  const scores = faded
    ? subtract(products, subtract(asRows(neighbours(splitHeads(faded.keys, groups))), own(faded.queries)))
    : products;
  const term = attend([
    { scores: add(scores, blockBias(places, timeline)), values: met(timeline.values) },
    ...sinkScores(window, inputs, timeline, sizes, first, spec, firstSeen(places, timeline)),
  ]);
  const whole = (x: Value) => {
    const tokens = separate(x, stride);
    const joined = joinHeads(reshape(tokens, [...x.shape.slice(0, 3), count * span, x.shape[5] ?? 1]));
    return slice(joined, 2, front, front + length);
  };
  return { numerator: whole(term.numerator), denominator: 1, scale: whole(term.scale as Value) };
}

/** `[…, keys, 1]` as `[…, 1, keys]`. */
function asRows(x: Value): Value {
  return reshape(x, [...x.shape.slice(0, -2), 1, x.shape.at(-2) ?? 1]);
}

interface Layout {
  readonly blocks: WindowBlocks;
  readonly front: number;
  readonly count: number;
  readonly kept: number;
  inBlocks(x: Value): Value;
}

/** The keys of the block before each, of its own and of the one after where that is met: `[…, entries, 2 or 3 · size, width]`. */
function neighboursOf(all: Value, { blocks, front, count, kept, inBlocks }: Layout): Value {
  const { size, stride, after } = blocks;
  const [entries, span] = [count * stride, size * stride];
  if (kept > 0) {
    // Keys the state kept are the block before the first.
    const own = inBlocks(all);
    return concat([slice(own, 3, 0, entries), slice(own, 3, stride, entries + stride)], 4);
  }
  // The block before each, as all tokens one block late: the state branch, which waits as long, shares it.
  const passed = Math.max(0, (count - 1) * span - front);
  const late = pad(slice(all, 3, 0, passed), 3, count * span - passed, 0);
  const own = inBlocks(pad(all, 3, front, 0));
  const early = after ? [slice(pad(own, 3, 0, stride), 3, stride)] : [];
  return concat([inBlocks(late), own, ...early], 4);
}
