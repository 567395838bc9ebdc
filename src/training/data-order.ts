/** Which windows of a token stream a step reads: a pure function of seed and step, so that a resumed run reads the same. */
import type { TokenStream } from "../formats/text/token-stream.ts";

/** One micro-batch: inputs `[batch, length]` with the token after each. */
export interface TokenWindow {
  /** `[batch, length]`. */
  readonly ids: Int32Array;
  /** The next token of each position, `[batch, length]`; the stream's last token predicts itself with weight 0. */
  readonly targets: Int32Array;
  /** 1 where the next token's loss counts, `[batch, length]`. */
  readonly weights: Float32Array;
}

/** A generator of numbers in [0, 1) from a seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Windows of a stream in a shuffled order, epoch after epoch. */
export class DataOrder {
  /** Windows of one epoch. */
  readonly windows: number;
  readonly #stream: TokenStream;
  readonly #length: number;
  readonly #seed: number;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array(0);

  /** Throws a RangeError for a stream shorter than one window. */
  constructor(stream: TokenStream, length: number, seed: number) {
    this.#stream = stream;
    this.#length = length;
    this.#seed = seed;
    this.windows = Math.floor(stream.ids.length / length);
    if (this.windows === 0) {
      throw new RangeError(`the text has ${stream.ids.length} tokens, fewer than one sequence of ${length}`);
    }
  }

  /** The micro-batch of the given number (from 0). */
  batch(index: number, size: number): TokenWindow {
    const length = this.#length;
    const ids = new Int32Array(size * length);
    const targets = new Int32Array(size * length);
    const weights = new Float32Array(size * length);
    for (let row = 0; row < size; row++) {
      const start = this.#window(index * size + row) * length;
      this.#copy(start, row * length, ids, targets, weights);
    }
    return { ids, targets, weights };
  }

  #copy(start: number, at: number, ids: Int32Array, targets: Int32Array, weights: Float32Array): void {
    const { ids: stream, mask } = this.#stream;
    const end = start + this.#length;
    ids.set(stream.subarray(start, end), at);
    targets.set(stream.subarray(start + 1, end + 1), at);
    // The window's last position predicts the next window's first token, as packed training does; a stream's end has none.
    const known = Math.min(end + 1, stream.length) - start - 1;
    if (mask === undefined) weights.fill(1, at, at + known);
    else weights.set(mask.subarray(start + 1, start + 1 + known), at);
  }

  #window(number: number): number {
    const epoch = Math.floor(number / this.windows);
    if (epoch !== this.#epoch) {
      this.#order = shuffled(this.windows, this.#seed + epoch * 0x9e3779b1);
      this.#epoch = epoch;
    }
    return this.#order[number % this.windows] ?? 0;
  }
}

function shuffled(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_unused, index) => index);
  const next = uniform(seed);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = kept;
  }
  return order;
}
