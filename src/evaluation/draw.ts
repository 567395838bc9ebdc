/** Reproducible draws for probes and data sets. */
import { uniform } from "../inference/random.ts";

/** Draws from one seed. */
export class Draw {
  readonly #next: () => number;

  /** `seed`: an integer; `stream` keeps draws for different purposes apart under one seed. */
  constructor(seed: number, stream = "") {
    let mixed = seed | 0;
    for (const letter of stream) mixed = (Math.imul(mixed, 31) + (letter.codePointAt(0) ?? 0)) | 0;
    this.#next = uniform(mixed);
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.#next();
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1));
  }

  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const chosen = list[this.integer(0, list.length - 1)];
    if (chosen === undefined) throw new RangeError("a draw from an empty list");
    return chosen;
  }

  /** A shuffled copy (Fisher and Yates). */
  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let last = copy.length - 1; last > 0; last--) {
      const other = this.integer(0, last);
      [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
    }
    return copy;
  }

  /** A text of `length` characters of an alphabet. */
  text(alphabet: string, length: number): string {
    return Array.from({ length }, () => this.pick([...alphabet])).join("");
  }

  /** What `draw` gives, drawn anew until it is none of `known`, to which it is added. */
  fresh(known: Set<string>, draw: () => string): string {
    for (;;) {
      const drawn = draw();
      if (known.has(drawn)) continue;
      known.add(drawn);
      return drawn;
    }
  }
}

/** How `count` elements lie evenly over `length` places: the middles of `count` equal parts. */
export function evenly(count: number, length: number): number[] {
  return Array.from({ length: count }, (_unused, index) => Math.floor(((index + 0.5) * length) / count));
}
