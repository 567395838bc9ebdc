/** The parallel form: every query against every key, under masks. Quadratic; the oracle of the other forms. */
import { add, and, integers, mask, not, reshape, subtract, type Value } from "../../graph/index.ts";
import { type MixerInputs, type MixerResult, type MixerSizes, sizesOf } from "../contract.ts";
import { countOf } from "../newest.ts";
import { recurrenceOf } from "../plan.ts";
import type { Recurred, Recurrence, Tokens } from "../recurrence/recurrence.ts";
import type { Mixer } from "../spec.ts";
import { carried, causal } from "../windows/index.ts";
import { combine, linearTerm } from "./combine.ts";
import { maskedWindow, tokens } from "./masked-window.ts";
import { recurrentBranch, windowInputs } from "./recurrent.ts";
import { seenFrom, type Timeline, timelineOf, windowState, withOnes } from "./timeline.ts";

/** The mixer by masks over all keys. */
export function parallelForm(mixer: Mixer, inputs: MixerInputs): MixerResult {
  const sizes = sizesOf(inputs);
  const windowed = windowInputs(mixer, inputs);
  const timeline = timelineOf(mixer, windowed, sizes);
  const window = mixer.window && maskedWindow(mixer, mixer.window, windowed, timeline, sizes);
  const atOnce = recurrentBranch(mixer, inputs, sizes, (recurrence, tokens) =>
    mixer.spec.causal ? recurrence.parallel(tokens) : allRead(recurrence, tokens),
  );
  const recurred = atOnce ?? maskedState(mixer, windowed, timeline, sizes);
  const output = combine(mixer, inputs, window, recurred && linearTerm(mixer, recurred.output));
  if (inputs.state === undefined) return { output };
  return { output, state: { ...recurred?.state, ...windowState(mixer, timeline, windowed, sizes) } };
}

/** Every query reads every token, as a product of length × length weights. */
function allRead(recurrence: Recurrence, tokens: Tokens): Recurred {
  const length = tokens.queries.shape[2] ?? 1;
  const all = (rows: number, columns: number) => mask([1, 1, rows, columns], () => true);
  const masked = () => recurrence.masked?.({ ...tokens, reads: all(length, length), kept: all(length, 1) });
  const recurred = recurrence.dense?.(tokens) ?? masked();
  if (recurred === undefined) throw new TypeError("a spec whose state reads one way does not parse");
  return recurred;
}

/** A mask of positions `[batch or 1, queries, keys]` over the heads. */
function overHeads(mask: Value): Value {
  const [batch = 1, queries = 1, keys = 1] = mask.shape;
  return reshape(mask, [batch, 1, queries, keys]);
}

function maskedState(mixer: Mixer, inputs: MixerInputs, timeline: Timeline, sizes: MixerSizes): Recurred | undefined {
  const { state, window, normalize } = mixer;
  if (state === undefined) return undefined;
  const { heads, length } = sizes;
  const { seen, queryPositions } = timeline;
  const held = (readers: Value) => state.read.holds(seenFrom(timeline, readers), window);
  const fresh = and(tokens(timeline), not(held(subtract(seen, integers([1])))));
  const twice = inputs.state === undefined && length <= (window?.countsTwiceUpTo ?? 0);
  const reads = twice ? causal(seenFrom(timeline, queryPositions)) : and(fresh, held(queryPositions));
  const last = add(seen, subtract(reshape(countOf(inputs, length), [-1, 1, 1]), integers([1])));
  const [batch = 1, , keys = 1] = fresh.shape;
  return recurrenceOf(state).masked?.({
    queries: state.featureMap.queries(inputs.queries, inputs.parameters),
    keys: state.featureMap.keys(timeline.keys, inputs.parameters, heads),
    values: normalize.sumsWeights ? withOnes(timeline.values) : timeline.values,
    reads: overHeads(reads),
    kept: reshape(and(fresh, held(last)), [batch, 1, keys, 1]),
    ...(inputs.state && { state: { recurrent: carried(inputs.state, "recurrent") } }),
  });
}
