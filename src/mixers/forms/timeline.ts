/** The keys and values a call meets: those its state kept, then its own; with their places in the sequence. */
import { add, concat, integers, reshape, scalar, type Value } from "../../graph/index.ts";
import type { MixerInputs, MixerSizes, MixerState } from "../contract.ts";
import { MixerError } from "../errors.ts";
import { countOf, newest } from "../newest.ts";
import type { Mixer } from "../spec.ts";
import type { Positions } from "../window.ts";

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
}

/** A tensor of the state. Throws a MixerError where it was not given. */
export function carried(state: MixerState, name: string): Value {
  const value = state[name];
  if (value === undefined) throw new MixerError(`the mixer's state "${name}" was not given`);
  return value;
}

/** Integers from `start`, shaped for positions. */
function range(start: number, count: number, shape: readonly number[]): Value {
  return reshape(integers(Array.from({ length: count }, (_unused, index) => start + index)), shape);
}

/** The phase of a call: its own, or the one that lets blocks of `size` end with the call's tokens. */
export function phaseOf({ window }: Mixer, { phase, state }: MixerInputs, length: number): number {
  const size = window?.blocks?.size;
  if (size === undefined) return 0;
  const chosen = phase ?? (state === undefined ? (size - (length % size)) % size : 0);
  return ((chosen % size) + size) % size;
}

/** The timeline of a call. */
export function timelineOf(mixer: Mixer, inputs: MixerInputs, { batch, length }: MixerSizes): Timeline {
  const { state } = inputs;
  const seen = state === undefined ? reshape(integers([0]), [1, 1, 1]) : reshape(carried(state, "seen"), [batch, 1, 1]);
  const cached = mixer.window !== undefined && state !== undefined;
  const join = (name: "keys" | "values") => (cached ? concat([carried(state, name), inputs[name]], 2) : inputs[name]);
  const [keys, values] = [join("keys"), join("values")];
  const kept = (keys.shape[2] ?? 0) - length;
  return {
    keys,
    values,
    kept,
    seen,
    queryPositions: add(seen, range(0, length, [1, length, 1])),
    keyPositions: add(seen, range(-kept, kept + length, [1, 1, kept + length])),
    phase: phaseOf(mixer, inputs, length),
  };
}

/** Where the keys stand relative to readers at other positions (`[batch or 1, readers, 1]`). */
export function seenFrom({ keyPositions, phase }: Timeline, queries: Value): Positions {
  return { queries, keys: keyPositions, phase };
}

/** The keys, values and the count of tokens that later calls need. */
export function windowState(timeline: Timeline, inputs: MixerInputs, { length }: MixerSizes): MixerState {
  const seen = add(reshape(timeline.seen, [-1]), countOf(inputs, length));
  if (timeline.kept === 0) return { seen };
  const kept = (all: Value) => newest(all, timeline.kept, inputs.count);
  return { keys: kept(timeline.keys), values: kept(timeline.values), seen };
}

/** Values with a column of ones, whose weighted sum is the sum of the weights. */
export function withOnes(values: Value): Value {
  return concat([values, scalar(1, [...values.shape.slice(0, -1), 1])], values.shape.length - 1);
}
