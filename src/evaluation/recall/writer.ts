/** Writes a probe's tokens piece by piece, and keeps account of what stands where. */
import type { ProbeAnswer, ProbeReader, ProbeSequence } from "./probe.ts";

/** Tokens of a value within a sequence. */
export interface Place {
  readonly start: number;
  readonly length: number;
}

/** Stands before a piece while it is encoded: what is put before the first word of a text is not part of a piece. */
const anchor = "\n";

/** Ids of pieces of text as they stand within a text, not at its beginning. */
export class PieceEncoder {
  readonly reader: ProbeReader;
  readonly #before: readonly number[];
  readonly #known = new Map<string, readonly number[]>();

  constructor(reader: ProbeReader) {
    this.reader = reader;
    this.#before = reader.encode(anchor);
  }

  /** The piece's ids. */
  encode(piece: string): readonly number[] {
    const known = this.#known.get(piece);
    if (known !== undefined) return known;
    const all = this.reader.encode(anchor + piece);
    const apart = this.#before.every((id, index) => all[index] === id);
    const ids = apart ? all.slice(this.#before.length) : this.reader.encode(piece);
    this.#known.set(piece, ids);
    return ids;
  }

  /** A value's ids, without tokens of white space before it. */
  encodeValue(value: string): readonly number[] {
    const ids = this.encode(value);
    return ids.slice(blanks(this.reader, ids));
  }

  /** Tokens of pieces that follow each other. */
  count(...pieces: readonly string[]): number {
    return pieces.reduce((sum, piece) => sum + this.encode(piece).length, 0);
  }
}

/** Tokens of white space at the beginning. */
function blanks(reader: ProbeReader, ids: readonly number[]): number {
  const first = ids.findIndex((id) => reader.decode([id]).trim() !== "");
  return first < 0 ? ids.length : first;
}

/** A sequence in the making. */
export class SequenceWriter {
  readonly ids: number[];
  readonly answers: ProbeAnswer[] = [];
  readonly encoder: PieceEncoder;

  /** Begins as the model's texts begin. */
  constructor(encoder: PieceEncoder) {
    this.encoder = encoder;
    this.ids = beginning(encoder.reader);
  }

  /** Appends tokens, however many. */
  addIds(ids: readonly number[]): void {
    for (const id of ids) this.ids.push(id);
  }

  /** Appends a piece of text. */
  add(piece: string): void {
    this.addIds(this.encoder.encode(piece));
  }

  /** Appends a value; the place is that of its tokens without white space before it. */
  addValue(value: string): Place {
    const ids = this.encoder.encode(value);
    const skipped = blanks(this.encoder.reader, ids);
    this.addIds(ids);
    return { start: this.ids.length - ids.length + skipped, length: ids.length - skipped };
  }

  /** Appends a value that was told at `told` as an answer; it is compared with `wrong` where that has as many tokens. */
  ask(value: string, told: Place, wrong: string, more: Pick<ProbeAnswer, "depth"> = {}): void {
    const place = this.addValue(value);
    const contrast = this.encoder.encodeValue(wrong);
    const comparable = contrast.length === place.length && wrong !== value;
    this.answers.push({ ...place, distance: place.start - told.start, ...(comparable && { contrast }), ...more });
  }

  /** What was written. */
  finish(): ProbeSequence {
    return { ids: this.ids, answers: this.answers };
  }
}

/** The token a sequence begins with where the tokenizer says so. */
export function beginning(reader: ProbeReader): number[] {
  const [first] = reader.encode("a", { special: true });
  return first !== undefined && first === reader.beginningOfText ? [first] : [];
}
