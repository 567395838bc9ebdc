/** Rotary tables as the tensors block programs read. */
import { type Architecture, blockOf, type RopeSpec, ropeTables } from "../families/index.ts";
import type { Angles } from "../mixers/index.ts";
import type { Weight } from "./weights.ts";

/** Cosines and sines of consecutive positions, each `[count, dim/2]`, by the names of programs' inputs. */
export type AngleTables = Readonly<Record<keyof Angles, Weight>>;

/** Tokens kept from a sequence's beginning never seem farther away than this share of what the model was trained on. */
const cappedShare = 0.25;

/** The tables of positions `start` to `start + count` in a sequence of `length` tokens, by each of a model's rotary settings. */
export function angleTables(
  { ropes, context }: Architecture,
  start: number,
  count: number,
  length = start + count,
): readonly AngleTables[] {
  return ropes.map((rope) => tablesOf(rope, { context, start, count, length }));
}

/** The tables of a layer. Throws a RangeError where the model has no such layer. */
export function layerAngles(tables: readonly AngleTables[], architecture: Architecture, layer: number): AngleTables {
  const { rope } = blockOf(architecture, layer);
  const found = tables[rope];
  if (found === undefined) throw new RangeError(`the model has no rotary settings ${rope}`);
  return found;
}

function tablesOf(
  rope: RopeSpec,
  { context, start, count, length }: Readonly<Record<"context" | "start" | "count" | "length", number>>,
): AngleTables {
  const { cos, sin } = ropeTables(rope, start, count, length);
  const cap = Math.floor(cappedShare * context);
  const below = Math.min(count, Math.max(0, cap - start));
  const last = ropeTables(rope, cap, 1, length);
  const width = rope.pairs;
  const capped = (table: Float32Array, row: Float32Array) => {
    const all = table.slice();
    for (let place = below; place < count; place++) all.set(row, place * width);
    return all;
  };
  const weight = (data: Float32Array): Weight => ({ dtype: "float32", shape: [count, width], data });
  return {
    cos: weight(cos),
    sin: weight(sin),
    cappedCos: weight(capped(cos, last.cos)),
    cappedSin: weight(capped(sin, last.sin)),
  };
}
