/** The tokens of a state that takes each token at once, with all its gates. */
import {
  broadcastTo,
  cast,
  concat,
  divide,
  integers,
  less,
  multiply,
  reshape,
  rotary,
  scalar,
  slice,
  sqrt,
  type Value,
  where,
} from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import { MixerError } from "../errors.ts";
import { repeatHeads, splitHeads } from "../heads.ts";
import { countOf } from "../newest.ts";
import { placesOf } from "../places.ts";
import { recurrenceOf, widthsOf, writtenSizes } from "../plan.ts";
import type { Recurred, Recurrence, Tokens } from "../recurrence/recurrence.ts";
import type { Mixer, StateBranch } from "../spec.ts";
import { carried } from "../windows/index.ts";
import { withOnes } from "./timeline.ts";

/** Queries or keys `[batch, heads, length, dim]` at the angles of the call. Throws a MixerError where there are none. */
export function rotated(x: Value, { angles }: MixerInputs): Value {
  if (angles === undefined)
    throw new MixerError("this mixer rotates queries and keys itself: the call's angles were not given");
  const [batch = 1, , length = 1] = x.shape;
  const positions = reshape(integers(Array.from({ length }, (_unused, index) => index)), [1, length]);
  return rotary(x, angles.cos, angles.sin, broadcastTo(positions, [batch, length]));
}

/** φ of the queries, scaled, and φ of the keys for so many heads, at their angles: `[batch, heads, length, features]`. */
export function featuresOf(
  { featureMap, scale }: StateBranch,
  { spec: { rope } }: Mixer,
  inputs: MixerInputs,
  { dim, length }: MixerSizes,
  heads: number,
): { readonly queries: Value; readonly keys: Value } {
  const { parameters } = inputs;
  const before = (x: Value) => (rope === "state" ? rotated(x, inputs) : x);
  const placed = (x: Value) => featureMap.place?.(x, cast(placesOf(inputs, length), "float32")) ?? x;
  const after = (x: Value) => (rope === "features" ? rotated(placed(x), inputs) : placed(x));
  const queries = after(featureMap.queries(before(inputs.queries), parameters));
  const keys = after(featureMap.keys(before(inputs.keys), parameters, heads));
  if (scale === "dim") return { queries: divide(queries, sqrt(scalar(dim))), keys };
  return { queries: multiply(queries, scale), keys };
}

/** Whether a mixer's tokens wait until they leave the window, rather than enter the state at once. */
export function waits({ state, window }: Mixer): boolean {
  return state !== undefined && state.read.delay(window)?.tokens !== 0;
}

/** The state branch of a call by one form of its recurrence; undefined where there is none, or where tokens wait. */
export function recurrentBranch(
  mixer: Mixer,
  inputs: MixerInputs,
  sizes: MixerSizes,
  form: (recurrence: Recurrence, tokens: Tokens) => Recurred,
): Recurred | undefined {
  const { state, normalize } = mixer;
  if (state === undefined || waits(mixer)) return undefined;
  const tokens = recurrentTokens(mixer, state, inputs, sizes);
  const recurred = keptByGroup(state, form(recurrenceOf(state), tokens), sizes);
  if (state.skip === undefined) return recurred;
  // What skips the state is the token itself, not what was written of it.
  const own = {
    ...featuresOf(state, mixer, inputs, sizes, sizes.heads),
    values: repeatHeads(inputs.values, sizes.heads),
  };
  const skipped = (output: Value) => state.skip?.apply(output, own, inputs.parameters) ?? output;
  if (!normalize.sumsWeights) return { ...recurred, output: skipped(recurred.output) };
  const last = recurred.output.shape.length - 1;
  const numerator = skipped(slice(recurred.output, last, 0, -1));
  return { ...recurred, output: concat([numerator, slice(recurred.output, last, -1)], last) };
}

/** What a window reads. */
export interface WindowInputs extends MixerInputs {
  /** Queries as they meet the sequence's first tokens, where that is from other positions. */
  readonly firstQueries?: Value;
}

/** The inputs of the window: at the angles of the call where it alone is rotated, keys and values as it keeps them. */
export function windowInputs(mixer: Mixer, inputs: MixerInputs): WindowInputs {
  const placed = placedInputs(mixer, inputs);
  if (mixer.window === undefined) return placed;
  const { rounded } = mixer.window.store;
  return { ...placed, keys: rounded(placed.keys), values: rounded(placed.values) };
}

function placedInputs({ spec: { rope }, window }: Mixer, inputs: MixerInputs): WindowInputs {
  if (rope !== "window") return inputs;
  const { cappedCos: cos, cappedSin: sin } = inputs.angles ?? {};
  const capped = window?.cappedFirst && cos && sin && { angles: { cos, sin } };
  return {
    ...inputs,
    queries: rotated(inputs.queries, inputs),
    keys: rotated(inputs.keys, inputs),
    ...(capped && { firstQueries: rotated(inputs.queries, { ...inputs, ...capped }) }),
  };
}

/** The call's tokens; padding leaves the state as it is. */
export function recurrentTokens(mixer: Mixer, branch: StateBranch, inputs: MixerInputs, sizes: MixerSizes): Tokens {
  const { decay, write } = branch;
  const { length, batch, heads } = sizes;
  const widths = widthsOf(mixer, sizes);
  const written = writtenSizes(branch, sizes);
  const { queries, keys } = featuresOf(branch, mixer, inputs, sizes, written.heads);
  const values = mixer.normalize.sumsWeights ? withOnes(inputs.values) : inputs.values;
  const decays = decay.read?.(inputs, written, write.widths(widths));
  const gates = decays ? { decay: decays.decay } : {};
  const taken = write.write({ queries, keys, values, gates }, decays, inputs, written);
  const own = branch.per === "group" ? forHeads(taken, heads) : taken;
  const state = inputs.state && statesOf(branch, inputs.state, heads);
  const seen = inputs.state && carried(inputs.state, "seen");
  const tokens = { ...own, ...(state && { state }), ...(seen && { seen }) };
  if (inputs.count === undefined) return tokens;
  const place = reshape(integers(Array.from({ length }, (_unused, index) => index)), [1, 1, length, 1]);
  const real = less(place, reshape(countOf(inputs, length), [batch, 1, 1, 1]));
  // No decay, no strength, no key: zeros are what every gate does nothing with.
  const only = (x: Value) => where(real, broadcastTo(x, [batch, x.shape[1] ?? heads, length, x.shape[3] ?? 1]), 0);
  return {
    ...tokens,
    count: inputs.count,
    keys: only(tokens.keys),
    values: only(tokens.values),
    gates: Object.fromEntries(Object.entries(tokens.gates).map(([name, gate]) => [name, only(gate)])),
  };
}

/** What a group's state is given, for each of the heads that read it. */
function forHeads(tokens: Tokens, heads: number): Tokens & Required<Pick<Tokens, "gates">> {
  const gates = Object.entries(tokens.gates ?? {}).map(([name, gate]) => [name, repeatHeads(gate, heads)] as const);
  return { ...tokens, keys: repeatHeads(tokens.keys, heads), gates: Object.fromEntries(gates) };
}

function statesOf(
  branch: StateBranch,
  state: NonNullable<MixerInputs["state"]>,
  heads: number,
): Readonly<Record<string, Value>> {
  const names = Object.keys(recurrenceOf(branch).layout({ batch: 1, heads: 1, features: 1, columns: 1 }));
  const own = (x: Value) => (branch.per === "group" ? repeatHeads(x, heads) : x);
  return Object.fromEntries(names.map((name) => [name, own(carried(state, name))]));
}

/** A group's heads end with equal states, for they were given the same: one of them is kept. */
function keptByGroup({ per }: StateBranch, recurred: Recurred, { groups }: MixerSizes): Recurred {
  if (per === "head") return recurred;
  const first = (state: Value) => {
    const [batch = 1, , ...rest] = state.shape;
    return reshape(slice(splitHeads(state, groups), 2, 0, 1), [batch, groups, ...rest]);
  };
  const kept = Object.entries(recurred.state).map(([name, state]) => [name, first(state)] as const);
  return { ...recurred, state: Object.fromEntries(kept) };
}
