/** The step form: one token from a state of constant size. */
import {
  add,
  integers,
  less,
  matmul,
  max,
  not,
  reshape,
  slice,
  softmax,
  type Value,
  where,
} from "../../graph/index.ts";
import { type MixerInputs, type MixerResult, type MixerSizes, sizesOf } from "../contract.ts";
import { MixerError } from "../errors.ts";
import type { Term } from "../normalize.ts";
import { recurrenceOf } from "../plan.ts";
import { hidden } from "../recurrence/triangle.ts";
import type { Mixer } from "../spec.ts";
import type { Window } from "../window.ts";
import { combine, linearTerm } from "./combine.ts";
import { delayedTokens } from "./delayed.ts";
import { parallelForm } from "./parallel.ts";
import { recurrentBranch, windowInputs } from "./recurrent.ts";
import { type Timeline, timelineOf, windowState } from "./timeline.ts";

/** One token. Throws a MixerError for more, or without a state. */
export function stepForm(mixer: Mixer, inputs: MixerInputs): MixerResult {
  const sizes = sizesOf(inputs);
  if (sizes.length !== 1) throw new MixerError(`a step takes one token, not ${sizes.length}`);
  if (inputs.state === undefined) throw new MixerError("a step needs a state");
  const { window, state, normalize } = mixer;
  const delay = state?.read.delay(window);
  if (window?.blocks?.phased || (state !== undefined && delay === undefined)) return parallelForm(mixer, inputs);
  const windowed = windowInputs(mixer, inputs);
  const timeline = timelineOf(mixer, windowed, sizes);
  const atOnce = recurrentBranch(mixer, inputs, sizes, (recurrence, tokens) => recurrence.step(tokens));
  const late = () => state && delay && delayedTokens(state, normalize.sumsWeights, delay, inputs, timeline, sizes);
  const tokens = atOnce === undefined ? late() : undefined;
  const recurred = atOnce ?? (state && tokens && recurrenceOf(state).step(tokens));
  const windowTerm = window && newestKeys(mixer, window, windowed, timeline, sizes);
  const output = combine(mixer, inputs, windowTerm, recurred && linearTerm(mixer, recurred.output));
  return { output, state: { ...recurred?.state, ...windowState(timeline, inputs, sizes) } };
}

/** The window's term: the newest keys, the query's own included; the heads of a group are rows of one product. */
function newestKeys(
  { spec }: Mixer,
  { leaves }: Window,
  { queries }: MixerInputs,
  { keys, values, keyPositions, kept }: Timeline,
  { batch, heads, groups, dim }: MixerSizes,
): Term {
  // The key that leaves with this token is still among those the state kept.
  const first = leaves === undefined ? 0 : kept + 1 - leaves.tokens;
  const newest = (all: Value) => slice(all, 2, first);
  const rows = reshape(queries, [batch, groups, heads / groups, dim]);
  const scores = matmul(rows, newest(keys), { transposeB: true, scale: spec.scale ?? dim ** -0.5 });
  const filled = not(less(reshape(newest(keyPositions), [-1, 1, 1, kept + 1 - first]), integers([0])));
  const weights = softmax(add(scores, where(filled, 0, hidden)));
  const perHead = (x: Value) => reshape(x, [batch, heads, 1, x.shape[3] ?? 1]);
  return {
    numerator: perHead(matmul(weights, newest(values))),
    denominator: 1,
    scale: perHead(max(weights, [-1])),
  };
}
