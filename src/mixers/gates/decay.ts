/** What a decay declares: how fast the state forgets, as logarithms of its factors. */
import { z } from "zod";
import type { Value } from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import type { Parameters } from "../parameter.ts";

/** What a factor multiplies: nothing, a head's whole state, its rows (`feature`), its columns (`value`) or single elements (`cell`). */
export type Granularity = "none" | "head" | "feature" | "value" | "cell";

/** How many numbers per token and head the gates of a state have. */
export interface GateWidths {
  readonly features: number;
  readonly values: number;
}

/** A decay's numbers for the tokens of a call. */
export interface Decays {
  /** log α ≤ 0, `[batch or 1, heads, length or 1, width]`. */
  readonly decay: Value;
  /** The step sizes that the decay was made of, where values are scaled by them too `[batch, heads, length, width]`. */
  readonly step?: Value;
}

/** What a kind of decay declares. */
export interface Decay {
  readonly per: Granularity;
  /** Whether heads decay by their place among the heads. */
  readonly byPlace?: boolean;
  parameters(sizes: MixerSizes, widths: GateWidths): Parameters;
  streams(sizes: MixerSizes, widths: GateWidths): Readonly<Record<string, readonly number[]>>;
  /** Absent where nothing decays. */
  read?(inputs: MixerInputs, sizes: MixerSizes, widths: GateWidths): Decays;
}

/** What a decay may be asked to multiply. */
export const granularities = z.enum(["head", "feature", "value", "cell"]);

const widths: Readonly<Record<Granularity, (widths: GateWidths) => number>> = {
  none: () => 1,
  head: () => 1,
  feature: ({ features }) => features,
  value: ({ values }) => values,
  cell: ({ features, values }) => features * values,
};

/** The width of a decay of the given granularity. */
export const widthOf = (granularity: Granularity, of: GateWidths) => widths[granularity](of);
