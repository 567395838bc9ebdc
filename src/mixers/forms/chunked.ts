/** The chunked form: the window in blocks and the state in chunks, linear in the length. */
import { causalAttention, concat, integers, maximum, minimum, slice, subtract, type Value } from "../../graph/index.ts";
import {
  type MixerInputs,
  type MixerResult,
  type MixerSizes,
  type MixerState,
  mapAngles,
  sizesOf,
} from "../contract.ts";
import { recurrenceOf } from "../plan.ts";
import { chunkLength } from "../recurrence/chunks.ts";
import type { Recurred, Recurrence, Tokens } from "../recurrence/recurrence.ts";
import type { Mixer } from "../spec.ts";
import { combine, linearTerm } from "./combine.ts";
import { delayedTokens } from "./delayed.ts";
import { linearWindow } from "./linear-window.ts";
import { parallelForm } from "./parallel.ts";
import { recurrentBranch, windowInputs } from "./recurrent.ts";
import { type Timeline, timelineOf, windowState } from "./timeline.ts";

/** Tokens computed by masks at once where windows move in blocks whose places only the state knows. */
const segmentLength = 256;

/** The mixer by blocks and chunks. */
export function chunkedForm(mixer: Mixer, inputs: MixerInputs): MixerResult {
  return linearForm(mixer, inputs, (recurrence, tokens, block) =>
    recurrence.chunked({ ...tokens, chunk: block ?? chunkLength, wholeChunks: block !== undefined }),
  );
}

/** Computes tokens by a recurrence; where they enter the state in blocks, `block` is their size. */
type Recur = (recurrence: Recurrence, tokens: Tokens, block: number | undefined) => Recurred;

/** The window in blocks, and the state by `recur`. */
export function linearForm(mixer: Mixer, inputs: MixerInputs, recur: Recur): MixerResult {
  const { window, spec } = mixer;
  const sizes = sizesOf(inputs);
  const twice = inputs.state === undefined && sizes.length <= (window?.countsTwiceUpTo ?? 0);
  if (twice) return parallelForm(mixer, inputs);
  const alone = softmaxAlone(mixer, inputs, sizes);
  if (alone !== undefined && window?.blocks === undefined) return alone;
  if (inputs.state !== undefined && window?.blocks?.phased) return segments(mixer, inputs, inputs.state, sizes);
  const windowed = windowInputs(mixer, inputs);
  const timeline = timelineOf(mixer, windowed, sizes);
  const windowTerm = window && linearWindow(mixer, window, windowed, timeline, sizes);
  const atOnce = recurrentBranch(mixer, inputs, sizes, (recurrence, tokens) =>
    spec.causal ? recur(recurrence, tokens, undefined) : wholly(recurrence, tokens),
  );
  const recurred = atOnce ?? delayedBranch(mixer, windowed, timeline, sizes, recur);
  const output = combine(mixer, inputs, windowTerm, recurred && linearTerm(mixer, recurred.output));
  if (inputs.state === undefined) return { output };
  return { output, state: { ...recurred?.state, ...windowState(mixer, timeline, windowed, sizes) } };
}

/** The state read by every token after all of them entered it: two products. */
function wholly(recurrence: Recurrence, tokens: Tokens): Recurred {
  const recurred = recurrence.whole?.(tokens);
  if (recurred === undefined) throw new TypeError("a spec whose state reads one way does not parse");
  return recurred;
}

/** The state of the tokens that left the window; undefined where none has. */
function delayedBranch(
  mixer: Mixer,
  inputs: MixerInputs,
  timeline: Timeline,
  sizes: MixerSizes,
  recur: Recur,
): Recurred | undefined {
  const { state, window, normalize } = mixer;
  const delay = state?.read.delay(window);
  const tokens = state && delay && delayedTokens(state, normalize.sumsWeights, delay, inputs, timeline, sizes);
  if (state === undefined || delay === undefined || tokens === undefined) return undefined;
  const { front, ...entering } = tokens;
  const recurred = recur(recurrenceOf(state), entering, delay.block);
  return { ...recurred, output: slice(recurred.output, 2, front) };
}

/** The engine's attention operator takes heads of multiples of this many dimensions. */
const fusedDimensions = 8;

/** Softmax attention as one operator; undefined where the mixer, the state or the sizes ask for more. */
export function softmaxAlone(mixer: Mixer, inputs: MixerInputs, { dim }: MixerSizes): MixerResult | undefined {
  const { window, state, spec } = mixer;
  const fits = inputs.values.shape[3] === dim && dim % fusedDimensions === 0;
  const plain = state === undefined && spec.cap === undefined;
  if (!plain || inputs.state !== undefined || window?.operator === undefined || !fits) return undefined;
  const { queries, keys, values } = windowInputs(mixer, inputs);
  const options = { scale: spec.scale ?? dim ** -0.5, window: window.operator };
  return { output: causalAttention(queries, keys, values, options) };
}

/** Segments by masks, each from the state the one before left. */
function segments(mixer: Mixer, inputs: MixerInputs, initial: MixerState, { length }: MixerSizes): MixerResult {
  const outputs: Value[] = [];
  let state = initial;
  for (let start = 0; start < length; start += segmentLength) {
    const end = Math.min(start + segmentLength, length);
    const part = (x: Value) => slice(x, -2, start, end);
    const { queries, keys, values, count, streams = {}, angles } = inputs;
    const within = (all: Value) =>
      minimum(maximum(subtract(all, integers([start])), integers([0])), integers([end - start]));
    const result = parallelForm(mixer, {
      ...inputs,
      queries: part(queries),
      keys: part(keys),
      values: part(values),
      streams: Object.fromEntries(Object.entries(streams).map(([name, x]) => [name, part(x)])),
      ...(angles && { angles: mapAngles(angles, part) }),
      state,
      ...(count && { count: within(count) }),
    });
    outputs.push(result.output);
    state = result.state ?? state;
  }
  return { output: concat(outputs, 2), state };
}
