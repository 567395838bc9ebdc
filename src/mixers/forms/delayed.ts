/** The tokens of the state branch, in the order in which they enter the state. */
import {
  add,
  and,
  concat,
  integers,
  less,
  not,
  pad,
  reshape,
  scalar,
  slice,
  type Value,
  where,
} from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import { countOf } from "../newest.ts";
import type { Tokens } from "../recurrence/recurrence.ts";
import type { StateBranch } from "../spec.ts";
import { carried, type Delay } from "../windows/index.ts";
import { type Timeline, withOnes } from "./timeline.ts";

/** Tokens, and how many places were put before the first query so that blocks begin where the window's do. */
export interface DelayedTokens extends Tokens {
  readonly front: number;
}

/**
 * Queries with the keys and values that enter the state beside them, `delay` behind.
 * Undefined where none has entered yet by the last token. Delays in blocks only without a state.
 */
export function delayedTokens(
  branch: StateBranch,
  sumsWeights: boolean,
  delay: Delay,
  inputs: MixerInputs,
  timeline: Timeline,
  { heads, length }: MixerSizes,
): DelayedTokens | undefined {
  const { parameters, state } = inputs;
  const { featureMap } = branch;
  const whole = (x: Value) => (sumsWeights ? withOnes(x) : x);
  if (state !== undefined) {
    const first = timeline.kept - delay.tokens;
    const entering = (x: Value) => slice(x, 2, first, first + length);
    return {
      queries: featureMap.queries(inputs.queries, parameters),
      keys: featureMap.keys(entering(timeline.keys), parameters, heads),
      values: where(enters(inputs, timeline, delay, length), whole(entering(timeline.values)), 0),
      state: { recurrent: carried(state, "recurrent") },
      front: 0,
    };
  }
  const { block = 1, stay = 0 } = delay;
  const front = delay.block === undefined ? 0 : timeline.phase;
  const places = Math.ceil((front + length) / block) * block;
  const entered = Math.min(length, places - front - delay.tokens);
  if (entered <= 0) return undefined;
  const entering = (x: Value) => slice(x, 2, 0, entered);
  const late = (x: Value) => pad(x, 2, front + delay.tokens, 0);
  const staying = Math.min(stay, entered);
  const moving = (x: Value) => (staying === 0 ? x : pad(slice(x, 2, staying), 2, staying, 0));
  const values = late(moving(entering(inputs.values)));
  // A place that holds no token has no weight either.
  const weight = late(moving(scalar(1, [...values.shape.slice(0, 2), entered, 1])));
  return {
    queries: featureMap.queries(pad(inputs.queries, 2, front, 0), parameters),
    keys: featureMap.keys(late(entering(inputs.keys)), parameters, heads),
    values: sumsWeights ? concat([values, weight], 3) : values,
    front,
  };
}

/** Whether each entering place holds a token, not an empty place or padding: `[batch or 1, 1, length, 1]`. */
function enters(inputs: MixerInputs, { seen }: Timeline, { tokens, stay = 0 }: Delay, length: number): Value {
  const place = reshape(integers(Array.from({ length }, (_unused, index) => index)), [1, 1, length, 1]);
  const over = (x: Value) => reshape(x, [-1, 1, 1, 1]);
  const real = less(place, over(countOf(inputs, length)));
  return and(real, not(less(add(place, over(seen)), integers([tokens + stay]))));
}
