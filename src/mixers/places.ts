/** Where a call's tokens stand in their sequences. */
import { add, integers, reshape, type Value } from "../graph/index.ts";
import type { MixerInputs } from "./contract.ts";

/** The places of a call's tokens, counted from 0, int64 `[batch or 1, 1, length, 1]`. */
export function placesOf({ state }: MixerInputs, length: number): Value {
  const places = reshape(integers(Array.from({ length }, (_unused, index) => index)), [1, 1, length, 1]);
  const seen = state?.seen;
  return seen === undefined ? places : add(places, reshape(seen, [-1, 1, 1, 1]));
}
