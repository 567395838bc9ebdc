/** Every way to run a mixer over a sequence, as graphs that must agree. */
import {
  add,
  cast,
  concat,
  input,
  integers,
  pad,
  type Shape,
  scalar,
  slice,
  type Value,
} from "../../src/graph/index.ts";
import {
  anglesOf,
  chunked,
  type Form,
  fused,
  type MixerInputs,
  type MixerResult,
  type MixerSizes,
  type MixerSpec,
  mapAngles,
  mixerParameters,
  mixerStreams,
  packed,
  packingOf,
  parallel,
  stateLayout,
  step,
} from "../../src/mixers/index.ts";
import type { Numbers } from "./harness.ts";

/** One way to run a mixer. */
export type Run = (spec: MixerSpec, inputs: MixerInputs) => MixerResult;

/** The inputs that have a length, changed: it is their second axis from the end. */
export function mapTokens({ queries, keys, values, streams = {}, angles }: MixerInputs, change: (x: Value) => Value) {
  const [q, k, v] = [queries, keys, values].map(change) as [Value, Value, Value];
  const entries = Object.entries(streams).map(([name, x]) => [name, change(x)]);
  return {
    queries: q,
    keys: k,
    values: v,
    streams: Object.fromEntries(entries) as Record<string, Value>,
    ...(angles && { angles: mapAngles(angles, change) }),
  };
}

/** Segments that end at the given places, each from the state the one before left. */
export function split(form: Run, ends: readonly number[]): Run {
  return (spec, inputs) => {
    const outputs: Value[] = [];
    let { state } = inputs;
    let start = 0;
    for (const end of ends) {
      const result = form(spec, {
        ...inputs,
        ...mapTokens(inputs, (x) => slice(x, -2, start, end)),
        ...(state && { state }),
      });
      outputs.push(result.output);
      state = result.state;
      start = end;
    }
    return { output: concat(outputs, 2), ...(state && { state }) };
  };
}

/** Token by token. */
export const stepped: Run = (spec, inputs) => {
  const length = inputs.queries.shape[2] ?? 0;
  return split(
    step,
    Array.from({ length }, (_unused, index) => index + 1),
  )(spec, inputs);
};

/** With `extra` tokens of padding on the right, whose contents must not matter. */
export function padded(form: Run, extra: number): Run {
  return (spec, inputs) => {
    const [batch = 1, , length = 0] = inputs.queries.shape;
    const grow = (x: Value) => {
      const rubbish = add(slice(x, -2, 0, 1), 3);
      return add(pad(x, -2, 0, extra), pad(concat(new Array<Value>(extra).fill(rubbish), -2), -2, length, 0));
    };
    const result = form(spec, {
      ...inputs,
      ...mapTokens(inputs, grow),
      count: integers(new Array<number>(batch).fill(length)),
    });
    return { ...result, output: slice(result.output, 2, 0, length) };
  };
}

/** Sequences of the given lengths, packed into the call's row. */
export function packedRun(form: Run, lengths: readonly number[]): Run {
  return (spec, inputs) => ({ output: packed(form)(spec, inputs, packingOf(lengths)).output });
}

/** The same sequences, each on its own. */
export function separateRun(form: Run, lengths: readonly number[]): Run {
  return (spec, inputs) => {
    const [batch = 1, heads = 1, , dim = 1] = inputs.queries.shape;
    const groups = inputs.keys.shape[1] ?? 1;
    let start = 0;
    const outputs = lengths.map((length) => {
      const tokens = mapTokens(inputs, (x) => slice(x, -2, start, start + length));
      const { angles } = inputs;
      const first = (table: Value) => slice(table, 0, 0, length);
      start += length;
      const sizes = { batch, heads, groups, length, dim, hidden: tokens.streams.hidden?.shape[2] ?? 1 };
      const state = Object.entries(stateLayout(spec, sizes)).map(([name, { dtype, shape }]): [string, Value] => [
        name,
        cast(scalar(0, shape), dtype),
      ]);
      const turned = angles && { angles: mapAngles(angles, first) };
      const begun = !spec.causal ? {} : { state: Object.fromEntries(state) };
      return form(spec, { ...inputs, ...tokens, ...turned, ...begun }).output;
    });
    return { output: concat(outputs, 2) };
  };
}

/** The forms by name. */
export const runs: Readonly<Record<Form, Run>> = { parallel, chunked, step: stepped, fused };

/** Shapes of a mixer's tokens, parameters and (where `stateful`) state, as named inputs of a program. */
export function mixerVariables(
  spec: MixerSpec,
  sizes: MixerSizes,
  stateful: boolean,
  capacity: number = sizes.length + 3,
): { readonly floats: Record<string, Value>; readonly inputs: MixerInputs } {
  const { batch, heads, groups, length, dim } = sizes;
  const floats: Record<string, Value> = {};
  const float = (name: string, shape: Shape) => {
    const value = input(name, shape);
    floats[name] = value;
    return value;
  };
  const tokens = {
    queries: float("queries", [batch, heads, length, dim]),
    keys: float("keys", [batch, groups, length, dim]),
    values: float("values", [batch, groups, length, dim]),
  };
  const streams = Object.fromEntries(
    Object.entries(mixerStreams(spec, sizes)).map(([name, shape]) => [name, float(`stream.${name}`, shape)]),
  );
  const turns = !["before", "none"].includes(spec.rope);
  const angle = (name: string) => input(name, [length, dim / 2]);
  const angles = turns ? { angles: anglesOf(angle) } : {};
  const parameters = Object.fromEntries(
    Object.entries(mixerParameters(spec, sizes)).map(([name, { shape }]) => [name, float(name, shape)]),
  );
  const layout = Object.entries(stateLayout(spec, { ...sizes, length: capacity }));
  const state = layout.map(([name, { dtype, shape }]): [string, Value] => [
    name,
    dtype === "float32" ? float(`state.${name}`, shape) : input(`state.${name}`, shape, dtype),
  ]);
  const inputs = { ...tokens, streams, ...angles, parameters };
  if (stateful) return { floats, inputs: { ...inputs, state: Object.fromEntries(state) } };
  for (const [name] of state) delete floats[`state.${name}`];
  return { floats, inputs };
}

/** A result's tensors by name. */
export function tensorsOf({ output, state }: MixerResult): Record<string, Value> {
  const entries = Object.entries(state ?? {}).map(([name, value]) => [`final.${name}`, value]);
  return { output, ...Object.fromEntries(entries) };
}

/** The tokens seen before, per sequence: fewer than a window, then many. */
export function seenBefore(batch: number): Numbers {
  return { "state.seen": [3, 200].slice(0, batch) };
}
