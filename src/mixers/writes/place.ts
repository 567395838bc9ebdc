/** Where tokens stand in their sequence. */
import { add, cast, numbers, reshape, type Value } from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";

/** How many tokens there are up to each, itself included: `[batch or 1, 1, length, 1]`, exact up to 2²⁴. */
export function placesOf({ state }: MixerInputs, { batch, length }: MixerSizes): Value {
  const own = numbers(
    Array.from({ length }, (_unused, index) => index + 1),
    [1, 1, length, 1],
  );
  const seen = state?.seen;
  return seen === undefined ? own : add(own, reshape(cast(seen, "float32"), [batch, 1, 1, 1]));
}
