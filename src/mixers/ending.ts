/** How far what a whole sequence computes depends on where the sequence ends: what may be put behind it unseen. */
import { declareMixer, type MixerSpec } from "./spec.ts";

/** What a mixer's whole-sequence forms make of the sequence's end. */
export interface Ending {
  /** Tokens put behind a sequence change nothing before them where their number is a multiple of this. */
  readonly multiple: number;
  /** Sequences of up to this many tokens are computed in a way of their own: nothing may be put behind them. */
  readonly alone: number;
}

/** The ending of a mixer: `{ multiple: 1, alone: 0 }` for all but blocks that end with the sequence and mixers that read both ways. */
export function endingOf(spec: MixerSpec): Ending {
  const { window } = declareMixer(spec);
  if (!spec.causal) return { multiple: 1, alone: Number.POSITIVE_INFINITY };
  const { phased = false, align = "start", size = 1 } = window?.blocks ?? {};
  return { multiple: phased && align === "end" ? size : 1, alone: window?.countsTwiceUpTo ?? 0 };
}

/** Whether a sequence may be read in parts, from the state its beginning left, with the same results as at once. */
export function readsInParts(spec: MixerSpec): boolean {
  const { multiple, alone } = endingOf(spec);
  return multiple === 1 && alone === 0;
}
