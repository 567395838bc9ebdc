/** A text as one run of token ids, with the places a model should learn from marked. */
import { SubquadError } from "../../errors.ts";

/** Token ids in order; where `mask` is given, only ids marked 1 count in the loss (as targets). */
export interface TokenStream {
  readonly ids: Int32Array;
  readonly mask: Uint8Array | undefined;
}

/** Cuts the last part of a stream off, 5 % unless told, to judge by what was not trained on. Views, not copies. */
export function splitHeldOut(stream: TokenStream, fraction = 0.05): { train: TokenStream; heldOut: TokenStream } {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new SubquadError(`the part held out must be at least 0 and below 1, not ${fraction}`);
  }
  const { ids, mask } = stream;
  const border = ids.length - Math.floor(ids.length * fraction);
  return {
    train: { ids: ids.subarray(0, border), mask: mask?.subarray(0, border) },
    heldOut: { ids: ids.subarray(border), mask: mask?.subarray(border) },
  };
}

/** Collects ids as they come; the mask takes memory only once something is left out. */
export class TokenCollector {
  #ids = new Int32Array(1 << 16);
  #mask: Uint8Array | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds ids, all of them (or none) to be learned. */
  push(ids: ArrayLike<number>, learned: boolean | Uint8Array = true): void {
    const end = this.#length + ids.length;
    this.#reserve(end);
    for (let index = 0; index < ids.length; index++) this.#ids[this.#length + index] = ids[index] ?? 0;
    if (learned !== true) this.#mask ??= new Uint8Array(this.#ids.length).fill(1, 0, this.#length);
    if (typeof learned === "boolean") this.#mask?.fill(learned ? 1 : 0, this.#length, end);
    else this.#mask?.set(learned, this.#length);
    this.#length = end;
  }

  /** What was collected, at most `limit` ids. */
  finish(limit = Number.POSITIVE_INFINITY): TokenStream {
    const length = Math.min(this.#length, limit);
    return { ids: this.#ids.slice(0, length), mask: this.#mask?.slice(0, length) };
  }

  #reserve(length: number): void {
    if (length <= this.#ids.length) return;
    const capacity = Math.max(length, 2 * this.#ids.length);
    const ids = new Int32Array(capacity);
    ids.set(this.#ids);
    this.#ids = ids;
    if (this.#mask === undefined) return;
    const mask = new Uint8Array(capacity);
    mask.set(this.#mask);
    this.#mask = mask;
  }
}
