/** Tokens of a model's own vocabulary that stand for one word or one letter each. */
import type { ProbeReader } from "./probe.ts";

/** What keys and values are made of. */
export interface Symbols {
  /** Most frequent first, as far as a vocabulary is in that order. */
  readonly ids: readonly number[];
  /** What stands between a key and its value. */
  readonly between: string;
}

/** A vocabulary with fewer words than this is asked in letters. */
const fewestWords = 4096;

const known = new WeakMap<ProbeReader, Symbols>();

/**
 * Whole words of three letters and more, or the letters of a vocabulary that has few words. Letters are joined by a hyphen,
 * as the marks of the built-in texts are, which the built-in model learned from.
 */
export function symbolsOf(reader: ProbeReader): Symbols {
  const symbols = known.get(reader) ?? findSymbols(reader);
  known.set(reader, symbols);
  return symbols;
}

function findSymbols(reader: ProbeReader): Symbols {
  const ids = Array.from({ length: reader.vocabularySize }, (_unused, id) => id).filter(
    (id) => !reader.specialIds.has(id) && reader.tokenOf(id) !== undefined,
  );
  const matching = (pattern: RegExp) => ids.filter((id) => pattern.test(spelling(reader, id)));
  const words = matching(/^ [A-Za-z]{3,}$/);
  if (words.length >= fewestWords) return { ids: words, between: ":" };
  return { ids: matching(/^[A-Za-z]$/), between: "-" };
}

/** A token as it is spelled within a text: decoders drop the space of a text's first word. */
function spelling(reader: ProbeReader, id: number): string {
  const text = reader.decode([id]);
  return /^[▁Ġ]/.test(reader.tokenOf(id) ?? "") ? ` ${text.trimStart()}` : text;
}
