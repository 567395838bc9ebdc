/** The step form: one token from a state of constant size. */
import { add, integers, less, not, reshape, slice, subtract, type Value, where } from "../../graph/index.ts";
import { type MixerResult, type MixerSizes, sizesOf } from "../contract.ts";
import { MixerError } from "../errors.ts";
import type { Term } from "../normalize.ts";
import { recurrenceOf } from "../plan.ts";
import { hidden } from "../recurrence/triangle.ts";
import type { Mixer } from "../spec.ts";
import type { NewestKeys, Window } from "../windows/index.ts";
import { attend } from "./attend.ts";
import { combine, linearTerm } from "./combine.ts";
import { delayedTokens } from "./delayed.ts";
import { linearWindow } from "./linear-window.ts";
import { parallelForm } from "./parallel.ts";
import { recurrentBranch, type WindowInputs, windowInputs } from "./recurrent.ts";
import { scoresOf } from "./scores.ts";
import { sinkScores } from "./sink-scores.ts";
import { type Timeline, timelineOf, windowState } from "./timeline.ts";

/** One token. Throws a MixerError for more, or without a state. */
export function stepForm(mixer: Mixer, inputs: WindowInputs): MixerResult {
  const sizes = sizesOf(inputs);
  if (sizes.length !== 1) throw new MixerError(`a step takes one token, not ${sizes.length}`);
  if (inputs.state === undefined) throw new MixerError("a step needs a state");
  const { window, state, normalize } = mixer;
  const delay = state?.read.delay(window);
  if ((window && !window.newest && !window.retains) || (state !== undefined && delay === undefined))
    return parallelForm(mixer, inputs);
  const windowed = windowInputs(mixer, inputs);
  const timeline = timelineOf(mixer, windowed, sizes);
  const atOnce = recurrentBranch(mixer, inputs, sizes, (recurrence, tokens) => recurrence.step(tokens));
  const late = () => state && delay && delayedTokens(state, normalize.sumsWeights, delay, windowed, timeline, sizes);
  const tokens = atOnce === undefined ? late() : undefined;
  const recurred = atOnce ?? (state && tokens && recurrenceOf(state).step(tokens));
  const windowTerm = window?.newest
    ? newestKeys(mixer, window, window.newest, windowed, timeline, sizes)
    : window && linearWindow(mixer, window, windowed, timeline, sizes);
  const output = combine(mixer, inputs, windowTerm, recurred && linearTerm(mixer, recurred.output));
  return { output, state: { ...recurred?.state, ...windowState(mixer, timeline, windowed, sizes) } };
}

/** The window's term: the newest keys, the query's own included; the heads of a group are rows of one product. */
function newestKeys(
  { spec }: Mixer,
  window: Window,
  { tokens, stride }: NewestKeys,
  inputs: WindowInputs,
  timeline: Timeline,
  sizes: MixerSizes,
): Term {
  const { batch, heads, groups, dim } = sizes;
  const { keys, values, keyPositions, kept, faded } = timeline;
  // The key that leaves with this token is still among those the state kept.
  const first = tokens === undefined ? 0 : kept + 1 - tokens;
  const count = (kept + 1 - first) / stride;
  const newest = (all: Value) => {
    const within = slice(all, 2, first);
    if (stride === 1) return within;
    const [own = 1, shared = 1, , width = 1] = all.shape;
    const lattice = slice(reshape(within, [own, shared, count, stride, width]), 3, -1);
    return reshape(lattice, [own, shared, count, width]);
  };
  const rows = (x: Value, width: number) => reshape(x, [batch, groups, heads / groups, width]);
  const q = rows(inputs.queries, dim);
  const firstQueries = inputs.firstQueries ? rows(inputs.firstQueries, dim) : q;
  const products = scoresOf(spec, q, newest(keys));
  const scores = faded
    ? subtract(products, subtract(rows(newest(faded.keys), count), rows(faded.queries, 1)))
    : products;
  const places = newest(reshape(keyPositions, [-1, 1, kept + 1, 1]));
  const filled = not(less(reshape(places, [-1, 1, 1, count]), integers([window.first])));
  const stays =
    timeline.first &&
    not(less(reshape(timeline.seen, [-1, 1, 1, 1]), reshape(timeline.first.positions, [1, 1, 1, -1])));
  const term = attend([
    { scores: add(scores, where(filled, 0, hidden)), values: newest(values) },
    ...sinkScores(window, inputs, timeline, sizes, firstQueries, spec, stays),
  ]);
  const perHead = (x: Value) => reshape(x, [batch, heads, 1, x.shape[3] ?? 1]);
  return { numerator: perHead(term.numerator), denominator: 1, scale: perHead(term.scale as Value) };
}
