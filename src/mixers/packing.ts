/**
 * Sequences packed one behind another in a single row. They are taken apart into a batch padded on the right, mixed by any
 * form, and put together again: no sequence meets another, and each has a state of its own.
 */
import { cast, integers, reshape, rows, scalar, slice, transpose, type Value } from "../graph/index.ts";
import { type MixerInputs, type MixerResult, type MixerState, mapAngles, sizesOf } from "./contract.ts";
import { MixerError } from "./errors.ts";
import { stateLayout } from "./plan.ts";
import type { MixerSpec } from "./spec.ts";

/** Where the tokens of packed sequences lie. */
export interface Packing {
  /** For each sequence and place, the token in the packed row: int64 `[sequences, longest]`; anything where it has ended. */
  readonly places: Value;
  /** Tokens of each sequence, int64 `[sequences]`. */
  readonly counts: Value;
  /** For each packed token, its place among all places, int64 `[tokens]`. */
  readonly back: Value;
}

/** The packing of sequences of the given lengths, in order. Throws a MixerError for a length below 1. */
export function packingOf(lengths: readonly number[]): Packing {
  const wrong = lengths.find((length) => !Number.isInteger(length) || length < 1);
  if (wrong !== undefined || lengths.length === 0)
    throw new MixerError(`packed sequences have 1 token or more, not ${wrong}`);
  const longest = Math.max(...lengths);
  const starts = lengths.map((_length, index) => lengths.slice(0, index).reduce((sum, length) => sum + length, 0));
  const places = lengths.flatMap((length, index) =>
    Array.from({ length: longest }, (_unused, place) => (starts[index] ?? 0) + Math.min(place, length - 1)),
  );
  const back = lengths.flatMap((length, index) => Array.from({ length }, (_unused, place) => index * longest + place));
  return {
    places: reshape(integers(places), [lengths.length, longest]),
    counts: integers(lengths),
    back: integers(back),
  };
}

/** Mixes packed sequences: inputs of batch 1; a state, if given, has a row per sequence. The result's state has too. */
export function packed(
  form: (spec: MixerSpec, inputs: MixerInputs) => MixerResult,
): (spec: MixerSpec, inputs: MixerInputs, packing: Packing) => MixerResult {
  return (spec, inputs, { places, counts, back }) => {
    const [sequences = 1, longest = 1] = places.shape;
    if (inputs.queries.shape[0] !== 1) throw new MixerError("packed sequences are one row: a batch of 1");
    const apart = (x: Value) => takeApart(x, places);
    const streams = Object.fromEntries(
      Object.entries(inputs.streams ?? {}).map(([name, x]) => [name, apart(x)] as const),
    );
    const { angles } = inputs;
    const first = (table: Value) => slice(table, 0, 0, longest);
    const tokens = {
      ...inputs,
      queries: apart(inputs.queries),
      keys: apart(inputs.keys),
      values: apart(inputs.values),
      streams,
      count: counts,
      ...(angles && { angles: mapAngles(angles, first) }),
    };
    const bidirectional = !spec.causal;
    const state = inputs.state ?? (bidirectional ? undefined : emptyState(spec, tokens));
    const mixed = form(spec, { ...tokens, ...(state && { state }) });
    const [, heads = 1, , dim = 1] = mixed.output.shape;
    const flat = reshape(transpose(mixed.output, [0, 2, 1, 3]), [sequences * longest, heads * dim]);
    const together = reshape(rows(flat, back), [1, -1, heads, dim]);
    return { ...mixed, output: transpose(together, [0, 2, 1, 3]) };
  };
}

/** `[1, heads, tokens, width]` or `[1, tokens, width]` as the same with a row per sequence. */
function takeApart(x: Value, places: Value): Value {
  const [sequences = 1, longest = 1] = places.shape;
  if (x.shape.length === 3) return reshape(rows(reshape(x, x.shape.slice(1)), places), [sequences, longest, -1]);
  const [, heads = 1, tokens = 1, width = 1] = x.shape;
  const flat = reshape(transpose(x, [0, 2, 1, 3]), [tokens, heads * width]);
  return transpose(reshape(rows(flat, places), [sequences, longest, heads, width]), [0, 2, 1, 3]);
}

function emptyState(spec: MixerSpec, inputs: MixerInputs): MixerState {
  const layout = Object.entries(stateLayout(spec, sizesOf(inputs)));
  return Object.fromEntries(layout.map(([name, { dtype, shape }]) => [name, cast(scalar(0, shape), dtype)]));
}
