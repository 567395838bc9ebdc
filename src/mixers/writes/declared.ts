/** What a kind of write declares, and the gates that several kinds have. */
import { equal, integers, multiply, type Value } from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import type { Decay, Decays, GateWidths, Granularity } from "../gates/decay.ts";
import type { Gate } from "../gates/gate.ts";
import { repeatHeads } from "../heads.ts";
import type { Parameters } from "../parameter.ts";
import { placesOf } from "../places.ts";
import type { Recurrence } from "../recurrence/recurrence.ts";

/** Tokens on their way into the state. */
export interface Written {
  /** `[batch, heads, length, features]`. */
  readonly queries: Value;
  /** `[batch, heads, length, features]`. */
  readonly keys: Value;
  /** `[batch, groups or heads, length, columns]`. */
  readonly values: Value;
  readonly gates: Readonly<Record<string, Value>>;
  /** What the recurrence reads that no token brings. */
  readonly constants?: Readonly<Record<string, Value>>;
}

/** What a kind of write declares. */
export interface Write {
  parameters(sizes: MixerSizes, widths: GateWidths): Parameters;
  streams(sizes: MixerSizes, widths: GateWidths): Readonly<Record<string, readonly number[]>>;
  /** The widths that the decay of a state of these widths has. */
  widths(widths: GateWidths): GateWidths;
  /** What the recurrence takes, from tokens with their decays. */
  write(tokens: Written, decays: Decays | undefined, inputs: MixerInputs, sizes: MixerSizes): Written;
  /** The recurrence under the given decay, read before or after the query's own token; or the reason why there is none. */
  recurrence(decay: Decay, order: "after" | "before"): Recurrence | string;
}

/** How many numbers a gate has per token and head. */
export type Widths = (widths: GateWidths) => number;

/** Gates by name, with the number of values each has per token and head. */
export type Gates = Readonly<Record<string, readonly [Gate, Widths]>>;

/** One number per head, one per feature, one per value. */
export const [one, features, columns]: readonly [Widths, Widths, Widths] = [
  () => 1,
  (widths) => widths.features,
  (widths) => widths.values,
];

/** What all gates declare together, and their numbers by name. */
export function gated(gates: Gates): Pick<Write, "parameters" | "streams"> & {
  read(inputs: MixerInputs, sizes: MixerSizes, widths: GateWidths): Record<string, Value>;
} {
  const entries = Object.entries(gates);
  const all = <T>(of: (gate: Gate, width: number) => Readonly<Record<string, T>>, widths: GateWidths) =>
    Object.assign({}, ...entries.map(([, [each, width]]) => of(each, width(widths)))) as Record<string, T>;
  return {
    parameters: (sizes, widths) => all((each, width) => each.parameters(sizes, width), widths),
    streams: (sizes, widths) => all((each, width) => each.streams(sizes, width), widths),
    read: (inputs, sizes, widths) =>
      Object.fromEntries(entries.map(([name, [each, width]]) => [name, each.read(inputs, sizes, width(widths))])),
  };
}

/** Whether a token is its sequence's first, bool `[batch or 1, 1, length, 1]`. */
export const isFirst = (inputs: MixerInputs, { length }: MixerSizes): Value =>
  equal(placesOf(inputs, length), integers([0]));

/** A state whose decay is as wide as the state. */
export const same = (widths: GateWidths): GateWidths => widths;

/** The widths of a state that tokens are written into. */
export const widthsOf = ({ keys, values }: Pick<Written, "keys" | "values">): GateWidths => ({
  features: keys.shape[3] ?? 1,
  values: values.shape[3] ?? 1,
});

/** Values, repeated to the gate's heads, times the gate. */
export const scaledBy = (values: Value, factor: Value): Value =>
  multiply(repeatHeads(values, factor.shape[1] ?? 1), factor);

/** The granularity of a decay that leaves the state's columns alone; undefined for others. */
export const perRow = (per: Granularity): "none" | "head" | "feature" | undefined =>
  per === "value" || per === "cell" ? undefined : per;
