/** NSA's selected blocks: each query sees its own block and those that it is given (arXiv 2502.11089). */
import { z } from "zod";
import { and, cast, equal, integers, or, quotient, reshape, slice, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { streamOf } from "../gates/projection.ts";
import { windowOptions, withOptions } from "./options.ts";
import { causal, type Positions, plain, type Sights, type Window } from "./window.ts";

/**
 * Blocks of `size` keys, `count` of them per query and head: the stream `blocks` holds their numbers, whole floats, negative
 * where there is none. How they are chosen is not part of the mixer, nor does a gradient flow to it.
 */
export const selected = kind(
  z.strictObject({
    kind: z.literal("selected"),
    size: z.number().int().positive(),
    count: z.number().int().positive(),
    ...windowOptions,
  }),
  ({ size, count, ...options }): Sights => {
    const window: Window = {
      ...plain,
      capacity: (sizes) => sizes.length,
      sees: (positions) => {
        const blockOf = (x: Value) => quotient(x, integers([size]));
        const [own, keys] = [blockOf(positions.queries), blockOf(positions.keys)];
        return and(overHeads(causal(positions)), or(overHeads(equal(own, keys)), isSelected(positions, keys, count)));
      },
      streams: ({ batch, heads, length }) => ({ blocks: [batch, heads, length, count] }),
    };
    return withOptions({ causal: window, bothWays: "a query's blocks are those before it" }, options);
  },
);

/** `[batch or 1, queries, keys]` over heads. */
function overHeads(x: Value): Value {
  const [batch = 1, ...rest] = x.shape;
  return reshape(x, [batch, 1, ...rest]);
}

/** Whether each key's block is among the query's, `[batch, heads, queries, keys]`. */
function isSelected({ streams = {} }: Positions, keys: Value, count: number): Value {
  const blocks = cast(streamOf({ streams }, "blocks"), "int64");
  const places = overHeads(keys);
  const each = Array.from({ length: count }, (_unused, index) => equal(slice(blocks, 3, index, index + 1), places));
  return each.reduce((any, one) => or(any, one));
}
