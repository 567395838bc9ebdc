/** Rotary tables as the tensors block programs read. */
import { type Architecture, ropeTables } from "../families/index.ts";
import type { Weight } from "./weights.ts";

/** Cosines and sines of consecutive positions, each `[count, dim/2]`. */
export interface AngleTables {
  readonly cos: Weight;
  readonly sin: Weight;
}

/** The tables of positions `start` to `start + count`. */
export function angleTables({ rope, headDim }: Architecture, start: number, count: number): AngleTables {
  const { cos, sin } = ropeTables(rope, start, count);
  const shape = [count, headDim / 2];
  return { cos: { dtype: "float32", shape, data: cos }, sin: { dtype: "float32", shape, data: sin } };
}
