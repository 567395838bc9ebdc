/** A text's parts and their ids, remembered: most words of a text have been met before. */
import { nextCut } from "./cuts.ts";

const MAXIMUM_ENTRIES = 1 << 16; // some tens of megabytes at worst
const LONGEST_PART = 64; // longer parts hardly come twice

/** Encodes a text part by part through `encodePart`, looking up those it has met. */
export class WordCache {
  readonly #encodePart: (part: string) => readonly number[];
  readonly #known = new Map<string, readonly number[]>();

  constructor(encodePart: (part: string) => readonly number[]) {
    this.#encodePart = encodePart;
  }

  /** Appends the ids of `text` from position `from` on, where `from` is a cut (or 0). */
  encode(text: string, from: number, into: number[]): void {
    for (let at = from; at < text.length; ) {
      const end = nextCut(text, at);
      for (const id of this.#lookUp(text.slice(at, end))) into.push(id);
      at = end;
    }
  }

  #lookUp(part: string): readonly number[] {
    if (part.length > LONGEST_PART) return this.#encodePart(part);
    const known = this.#known.get(part);
    if (known !== undefined) return known;
    const ids = this.#encodePart(part);
    if (this.#known.size >= MAXIMUM_ENTRIES) this.#known.clear();
    this.#known.set(part, ids);
    return ids;
  }
}
