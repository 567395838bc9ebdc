/** What every way of scaling rotary frequencies is. */
import type { z } from "zod";

/** What a scaling needs to know besides its own settings. */
export interface RopeBase {
  /** Base of the geometric series of wavelengths. */
  readonly theta: number;
  /** Rotated dimensions of a head. */
  readonly dim: number;
  /** The configuration's `max_position_embeddings`. */
  readonly context: number;
  /** The context before it was stretched, where the configuration tells it outside the rotary settings. */
  readonly original?: number | undefined;
}

/** Angles per position of each pair, and a factor of both tables. */
export interface RopeFrequencies {
  readonly inverse: Float64Array;
  readonly factor: number;
  /** The angles for a sequence of so many tokens, where they depend on its length. */
  readonly at?: (length: number) => Float64Array;
}

/** A published way of scaling rotary frequencies, by its `rope_type`. */
export interface RopeScaling<Settings> {
  readonly type: string;
  readonly settings: z.ZodType<Settings>;
  frequencies(base: RopeBase, settings: Settings): RopeFrequencies;
}
