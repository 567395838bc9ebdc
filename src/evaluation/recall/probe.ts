/** What a probe of in-context recall is: a sequence of tokens that asks for what it told before. */
import type { Tokenizer } from "../../formats/tokenizer/tokenizer.ts";

/** One answer in a sequence: tokens that only what came before can tell. */
export interface ProbeAnswer {
  /** The place of its first token. */
  readonly start: number;
  /** Tokens of the answer. */
  readonly length: number;
  /** Tokens from the first token of what is asked, where it was told, to `start`; 0 where nothing was told word for word. */
  readonly distance: number;
  /** A wrong answer of the same form and number of tokens, to compare with. */
  readonly contrast?: readonly number[];
  /** Where in the sequence's text it was told, from 0 (beginning) to 1 (end); only of probes that vary it. */
  readonly depth?: number;
  /** Examples that came before; only of probes that learn from them. */
  readonly examples?: number;
  /** The answer as a number, where its error is measured too. */
  readonly number?: number;
  /** What one would say who did not understand the question: its error is the one to be below. */
  readonly guess?: number;
}

/** Tokens with questions and answers among them. */
export interface ProbeSequence {
  readonly ids: readonly number[];
  /** In the order of their places. */
  readonly answers: readonly ProbeAnswer[];
}

/** What writes a probe's sequences. */
export type ProbeReader = Pick<
  Tokenizer,
  "encode" | "decode" | "vocabularySize" | "specialIds" | "beginningOfText" | "tokenOf"
>;

/** A probe of recall: sequences of a wanted length, drawn from a seed. */
export interface RecallProbe {
  readonly name: string;
  /** What it asks, in one sentence. */
  readonly description: string;
  /** The lengths it is measured at where these are wanted (default: all of them). */
  readonly lengths?: (wanted: readonly number[]) => readonly number[];
  /** How many different sequences there are (default: as many as seeds). */
  readonly sequences?: number;
  /**
   * A sequence of at most `length` tokens; the same seed draws the same. Throws a SubquadError where the length has no
   * room for a question, or the vocabulary has nothing to ask with.
   */
  build(reader: ProbeReader, length: number, seed: number): ProbeSequence;
}
