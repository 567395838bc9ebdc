/** Greedy best-score merging of adjacent tokens, as sentencepiece's BPE does it. */

/** Ceiling on remembered segments: words repeat, so a few ten thousand cover most of any text. */
const MAXIMUM_REMEMBERED = 50_000;
/** Longer segments than any word are not remembered, as they hardly come again. */
const LONGEST_REMEMBERED = 64;

/** The merges of one vocabulary. */
export class GreedyMerges {
  readonly #scores: Float32Array;
  readonly #pieces: readonly string[];
  /** Merged token by `left * size + right`. */
  readonly #merged = new Map<number, number>();
  /** 1 at `256 * first + second` where some piece has these bytes in a row. */
  readonly #neighbours = new Uint8Array(65536);
  readonly #remembered = new Map<string, readonly number[]>();

  /** `pieces` are byte strings (one character a byte), `ids` the token of each. */
  constructor(scores: Float32Array, pieces: readonly string[], ids: ReadonlyMap<string, number>) {
    this.#scores = scores;
    this.#pieces = pieces;
    for (const [piece, id] of ids) {
      for (let cut = 1; cut < piece.length; cut++) {
        this.#neighbours[256 * piece.charCodeAt(cut - 1) + piece.charCodeAt(cut)] = 1;
        const left = ids.get(piece.slice(0, cut));
        const right = ids.get(piece.slice(cut));
        if (left !== undefined && right !== undefined) this.#merged.set(left * pieces.length + right, id);
      }
    }
  }

  /**
   * Merges the best-scored adjacent pair, leftmost among equals, until none is left. Where two neighbours' bytes meet in no
   * piece, no merge can cross, so the parts between such places are merged on their own and remembered.
   */
  apply(ids: readonly number[]): number[] {
    const result: number[] = [];
    let start = 0;
    for (let end = 1; end <= ids.length; end++) {
      if (end < ids.length && this.#mayMeet(ids[end - 1] ?? 0, ids[end] ?? 0)) continue;
      for (const id of this.#segment(ids.slice(start, end))) result.push(id);
      start = end;
    }
    return result;
  }

  #mayMeet(left: number, right: number): boolean {
    const before = this.#pieces[left] ?? "";
    const after = this.#pieces[right] ?? "";
    return this.#neighbours[256 * before.charCodeAt(before.length - 1) + after.charCodeAt(0)] === 1;
  }

  #segment(ids: readonly number[]): readonly number[] {
    if (ids.length < 2) return ids;
    if (ids.length > LONGEST_REMEMBERED) return this.#merge(ids);
    const key = ids.join();
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const merged = this.#merge(ids);
    if (this.#remembered.size >= MAXIMUM_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, merged);
    return merged;
  }

  /** The merges through a heap over a linked list, so that long texts take n log n steps and not n². */
  #merge(ids: readonly number[]): number[] {
    const next = Int32Array.from(ids, (_, i) => i + 1);
    const previous = Int32Array.from(ids, (_, i) => i - 1);
    const token = Int32Array.from(ids);
    const heap = new PairHeap();
    const offer = (left: number) => {
      const right = next[left] ?? ids.length;
      if (left < 0 || right >= ids.length) return;
      const a = token[left] ?? 0;
      const b = token[right] ?? 0;
      const merged = this.#merged.get(a * this.#pieces.length + b);
      if (merged !== undefined) heap.push({ score: this.#scores[merged] ?? 0, left, right, a, b, merged });
    };
    for (let i = 0; i < ids.length; i++) offer(i);
    for (let pair = heap.pop(); pair !== undefined; pair = heap.pop()) {
      const { left, right } = pair;
      // Stale where either side was merged since.
      if (next[left] !== right || token[left] !== pair.a || token[right] !== pair.b) continue;
      token[left] = pair.merged;
      const after = next[right] ?? ids.length;
      next[left] = after;
      if (after < ids.length) previous[after] = left;
      token[right] = -1;
      offer(previous[left] ?? -1);
      offer(left);
    }
    return Array.from(token.filter((id) => id >= 0));
  }
}

interface Pair {
  readonly score: number;
  readonly left: number;
  readonly right: number;
  readonly a: number;
  readonly b: number;
  readonly merged: number;
}

/** A binary heap: best score first, leftmost among equals. */
class PairHeap {
  readonly #pairs: Pair[] = [];

  push(pair: Pair): void {
    const pairs = this.#pairs;
    let at = pairs.push(pair) - 1;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = pairs[above];
      if (parent === undefined || !before(pair, parent)) break;
      pairs[at] = parent;
      at = above;
    }
    pairs[at] = pair;
  }

  pop(): Pair | undefined {
    const pairs = this.#pairs;
    const top = pairs[0];
    const last = pairs.pop();
    if (last === undefined || last === top) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = pairs[below];
      const sibling = pairs[below + 1];
      if (child !== undefined && sibling !== undefined && before(sibling, child)) {
        child = sibling;
        below++;
      }
      if (child === undefined || !before(child, last)) break;
      pairs[at] = child;
      at = below;
    }
    pairs[at] = last;
    return top;
  }
}

function before(a: Pair, b: Pair): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left);
}
