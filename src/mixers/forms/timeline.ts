/** The keys and values a call meets: those its state kept, then its own; with their places in the sequence. */
import {
  add,
  broadcastTo,
  concat,
  cumulativeSum,
  integers,
  less,
  negate,
  reshape,
  scalar,
  slice,
  subtract,
  type Value,
  where,
} from "../../graph/index.ts";
import type { MixerInputs, MixerSizes, MixerState } from "../contract.ts";
import { type FirstTokens, firstTokens } from "../first-tokens.ts";
import { countOf, newest } from "../newest.ts";
import type { Mixer } from "../spec.ts";
import { carried, type Positions } from "../windows/index.ts";
import { retainedState, retainedTokens, salienceOf } from "./retained.ts";

/** All keys and values of a call in time order; positions broadcast as `[batch or 1, queries, keys]`. */
export interface Timeline {
  /** `[batch, groups, kept + length, dim]`. */
  readonly keys: Value;
  readonly values: Value;
  /** How many of the keys come from the state; the first of them may be empty places. */
  readonly kept: number;
  /** Tokens before this call, `[batch or 1, 1, 1]` int64. */
  readonly seen: Value;
  /** Positions of the queries, `[batch or 1, length, 1]`. */
  readonly queryPositions: Value;
  /** Positions of the keys, `[batch or 1, 1, kept + length]`; negative for empty places. */
  readonly keyPositions: Value;
  readonly phase: number;
  /** Where the tokens end, `[batch or 1, 1, 1]` int64, for mixers that would see what comes after; absent for the others. */
  readonly end?: Value;
  /** The sequence's first tokens, where they stay visible. */
  readonly first?: FirstTokens;
  /** Sums of log decays up to each query and each key, `[batch, heads, …, 1]`, where keys fade. */
  readonly faded?: { readonly queries: Value; readonly keys: Value };
  /** What all keys are worth, `[batch, groups, 1, keys]`, where some of them stay when they leave the window. */
  readonly salience?: Value;
  /** Whether queries go without those that stay. */
  readonly alone?: boolean;
  readonly streams?: MixerInputs["streams"];
}

/** Integers from `start`, shaped for positions. */
function range(start: number, count: number, shape: readonly number[]): Value {
  return reshape(integers(Array.from({ length: count }, (_unused, index) => start + index)), shape);
}

/** The phase of a call: its own, or the one with which the window begins its blocks. */
export function phaseOf({ window }: Mixer, { phase, state }: MixerInputs, length: number): number {
  const blocks = window?.blocks;
  if (blocks === undefined) return 0;
  const { size, align } = blocks;
  const chosen = phase ?? (state === undefined && align === "end" ? (size - (length % size)) % size : 0);
  return ((chosen % size) + size) % size;
}

/** The timeline of a call. */
export function timelineOf(mixer: Mixer, inputs: MixerInputs, sizes: MixerSizes): Timeline {
  const { batch, length } = sizes;
  const { state } = inputs;
  const { window, spec } = mixer;
  const seen = state === undefined ? reshape(integers([0]), [1, 1, 1]) : reshape(carried(state, "seen"), [batch, 1, 1]);
  const retained = state && window?.retains && retainedTokens(window, window.retains, state, seen);
  const earlier = state && window && ((name: string) => window.store.unpack(name, state));
  const join = (name: "keys" | "values") =>
    earlier ? concat([...(retained ? [retained[name]] : []), earlier(name), inputs[name]], 2) : inputs[name];
  const [keys, values] = [join("keys"), join("values")];
  const kept = (keys.shape[2] ?? 0) - length - (retained?.count ?? 0);
  const places = add(seen, range(-kept, kept + length, [1, 1, kept + length]));
  const salience = window?.retains && salienceOf(window, window.retains, inputs, sizes, seen);
  const faded = fadedOf(mixer, inputs, sizes);
  const missing = inputs.count !== undefined || length < (window?.first ?? 0);
  return {
    keys,
    values,
    kept,
    seen,
    queryPositions: add(seen, range(0, length, [1, length, 1])),
    keyPositions: retained?.placesWith(places) ?? places,
    phase: phaseOf(mixer, inputs, length),
    ...(!spec.causal && missing && { end: reshape(countOf(inputs, length), [-1, 1, 1]) }),
    ...(window && window.first > 0 && { first: firstTokens(window.first, inputs, seen) }),
    ...(salience && { salience }),
    ...(inputs.ablation?.linear === 0 && { alone: true }),
    ...(faded && { faded }),
    streams: inputs.streams,
  };
}

function fadedOf({ window }: Mixer, inputs: MixerInputs, sizes: MixerSizes): Timeline["faded"] {
  if (window?.fading === undefined) return undefined;
  const { batch, heads, length } = sizes;
  const decays = broadcastTo(window.fading(inputs, sizes), [batch, heads, length, 1]);
  const places = range(0, length, [1, 1, length, 1]);
  const real = inputs.count && less(places, reshape(inputs.count, [batch, 1, 1, 1]));
  const queries = cumulativeSum(real ? where(real, decays, 0) : decays, 2);
  if (inputs.state === undefined) return { queries, keys: queries };
  return { queries, keys: concat([negate(carried(inputs.state, "keyDecays")), queries], 2) };
}

/** Where the keys stand relative to readers at other positions (`[batch or 1, readers, 1]`). */
export function seenFrom(
  { keyPositions, phase, streams, salience, alone = false }: Timeline,
  queries: Value,
): Positions {
  return { queries, keys: keyPositions, phase, streams, salience, alone };
}

/** The keys, values and the count of tokens that later calls need; `inputs` are the window's. */
export function windowState(
  { window }: Mixer,
  timeline: Timeline,
  inputs: MixerInputs,
  { length }: MixerSizes,
): MixerState {
  const { state = {} } = inputs;
  const seen = add(reshape(timeline.seen, [-1]), countOf(inputs, length));
  if (window === undefined || timeline.kept === 0) return { seen };
  const { first, faded } = timeline;
  const kept = (all: Value) => newest(all, timeline.kept, inputs.count);
  // Earlier tokens stay as they were packed.
  const own = { ...window.store.pack("keys", inputs.keys), ...window.store.pack("values", inputs.values) };
  const tokens = Object.entries(own).map(([name, x]) => [name, kept(concat([carried(state, name), x], 2))] as const);
  return {
    ...Object.fromEntries(tokens),
    ...(window.retains && timeline.salience && retainedState(window.retains, timeline, inputs, own, seen)),
    ...(first && { firstKeys: first.keys, firstValues: first.values }),
    ...(faded && { keyDecays: kept(subtract(slice(faded.queries, 2, -1), faded.keys)) }),
    seen,
  };
}

/** Values with a column of ones, whose weighted sum is the sum of the weights. */
export function withOnes(values: Value): Value {
  return concat([values, scalar(1, [...values.shape.slice(0, -1), 1])], values.shape.length - 1);
}
