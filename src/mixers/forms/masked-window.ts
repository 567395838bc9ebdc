/** The window branch by masks: every query against every key. Quadratic in the length. */
import { and, integers, less, not, reshape, subtract, transpose, type Value, where } from "../../graph/index.ts";
import type { MixerSizes } from "../contract.ts";
import { joinHeads, sharedByGroup, splitHeads } from "../heads.ts";
import type { Term } from "../normalize.ts";
import { hidden } from "../recurrence/triangle.ts";
import type { Mixer } from "../spec.ts";
import { causal, type Window } from "../windows/index.ts";
import { attend, attendShifted, type Met } from "./attend.ts";
import type { WindowInputs } from "./recurrent.ts";
import { scoresOf } from "./scores.ts";
import { sinkScores } from "./sink-scores.ts";
import { seenFrom, type Timeline } from "./timeline.ts";

/** A mask of positions `[batch or 1, (heads,) queries, keys]` over the heads of each group. */
function overGroups(mask: Value, groups: number): Value {
  const [batch = 1, ...rest] = mask.shape;
  if (rest.length === 3) return splitHeads(mask, groups);
  return reshape(mask, [batch, 1, 1, ...rest]);
}

/** Keys that are tokens, not empty places of the state nor padding, and do not stand among the first that are kept apart. */
export function tokens({ keyPositions, end }: Timeline, first = 0): Value {
  const real = not(less(keyPositions, integers([first])));
  return end ? and(real, less(keyPositions, end)) : real;
}

/** Everything that queries `[batch, heads, queries, dim]` at the timeline's positions meet. */
function met(
  { spec }: Mixer,
  window: Window,
  inputs: WindowInputs,
  timeline: Timeline,
  sizes: MixerSizes,
): readonly Met[] {
  const { groups } = sizes;
  const { queryPositions, first, faded, end } = timeline;
  const queries = splitHeads(inputs.queries, groups);
  const firstQueries = splitHeads(inputs.firstQueries ?? inputs.queries, groups);
  const seen = window.sees(seenFrom(timeline, queryPositions));
  const sees = and(overGroups(tokens(timeline, window.first), groups), overGroups(seen, groups));
  const products = scoresOf(spec, queries, sharedByGroup(timeline.keys));
  const fading = (x: Value) => splitHeads(x, groups);
  const scores = faded
    ? subtract(products, subtract(transpose(fading(faded.keys), [0, 1, 2, 4, 3]), fading(faded.queries)))
    : products;
  const stays =
    first &&
    (spec.causal ? causal({ queries: queryPositions, keys: first.positions }) : end && less(first.positions, end));
  return [
    { scores: where(sees, scores, hidden), values: sharedByGroup(timeline.values) },
    ...sinkScores(window, inputs, timeline, sizes, firstQueries, spec, stays && overGroups(stays, groups)),
  ];
}

/** The window's term. */
export function maskedWindow(...call: Parameters<typeof met>): Term {
  const { numerator, denominator } = attendShifted(met(...call));
  return { numerator: joinHeads(numerator), denominator: joinHeads(denominator as Value) };
}

/** The window's term with weights that sum to 1, as blocks give it. */
export function maskedMean(...call: Parameters<typeof met>): Term {
  const { numerator, scale } = attend(met(...call));
  return { numerator: joinHeads(numerator), denominator: 1, scale: joinHeads(scale as Value) };
}
