/** llama2.c's tokenizer file and its encoding: greedy best-score merges over sentencepiece pieces, bytes as fallback. */
import { FormatError } from "../errors.ts";
import { GreedyMerges } from "./greedy-merges.ts";
import { RandomAccessFile } from "./random-access-file.ts";

/** Ceiling on the file in bytes: a vocabulary of a million pieces of 20 bytes. */
const MAXIMUM_FILE_BYTES = 32 * 2 ** 20;

const BOS = 1;
const EOS = 2;
/** The token of byte 0; the other bytes follow. */
const FIRST_BYTE = 3;
const BYTES_END = FIRST_BYTE + 256;

/** Options of `Llama2cTokenizer.encode`. */
export interface Llama2cEncodeOptions {
  /** Begin with BOS (default true). */
  readonly bos?: boolean;
  /** End with EOS (default false). */
  readonly eos?: boolean;
}

/** A llama2.c vocabulary. Pieces are byte strings (one character a byte), since some are no whole UTF-8. */
export class Llama2cTokenizer {
  readonly bos: number = BOS;
  readonly eos: number = EOS;
  /** Per token, the score of merging into it; higher merges first. */
  readonly scores: Float32Array;
  /** Per token, its bytes as a Latin-1 string. */
  readonly pieces: readonly string[];
  readonly #ids = new Map<string, number>();
  readonly #merges: GreedyMerges;

  constructor(scores: Float32Array, pieces: readonly string[]) {
    this.scores = scores;
    this.pieces = pieces;
    // Of equal pieces the first wins.
    for (const [id, piece] of pieces.entries()) if (!this.#ids.has(piece)) this.#ids.set(piece, id);
    this.#merges = new GreedyMerges(scores, pieces, this.#ids);
  }

  /** How many tokens there are. */
  get size(): number {
    return this.pieces.length;
  }

  /**
   * Text to token ids as llama2.c does it: BOS, a leading space (unless the text is empty), each code point as its token or
   * else its bytes, then the best-scored adjacent pair merged (leftmost of equals) until none is left.
   */
  encode(text: string, options: Llama2cEncodeOptions = {}): number[] {
    const ids: number[] = [];
    const space = this.#ids.get(" ");
    if (text !== "" && space !== undefined) ids.push(space);
    for (const character of text) {
      const bytes = Buffer.from(character).toString("latin1");
      const id = this.#ids.get(bytes);
      if (id !== undefined) ids.push(id);
      else for (let i = 0; i < bytes.length; i++) ids.push(FIRST_BYTE + bytes.charCodeAt(i));
    }
    const merged = this.#merges.apply(ids);
    return [...(options.bos === false ? [] : [BOS]), ...merged, ...(options.eos === true ? [EOS] : [])];
  }

  /** Token ids to text: BOS and EOS vanish, and with a BOS the space that encoding put after it. */
  decode(ids: readonly number[]): string {
    const parts: string[] = [];
    for (const [i, id] of ids.entries()) {
      if (id === BOS || id === EOS) continue;
      const piece = this.bytesOf(id);
      parts.push(ids[i - 1] === BOS && piece.startsWith(" ") ? piece.slice(1) : piece);
    }
    return Buffer.from(parts.join(""), "latin1").toString("utf8");
  }

  /** One token's bytes as a Latin-1 string; a byte token is that byte. Unknown ids are empty. */
  bytesOf(id: number): string {
    return id >= FIRST_BYTE && id < BYTES_END ? String.fromCharCode(id - FIRST_BYTE) : (this.pieces[id] ?? "");
  }
}

/**
 * Reads a llama2.c tokenizer file: the longest piece's length, then per token its float32 score, its length and its bytes.
 * Throws `FormatError` where it is truncated, a length is wrong, or it lacks the byte tokens.
 */
export function readLlama2cTokenizer(path: string): Llama2cTokenizer {
  const bytes = readAll(path);
  const view = new DataView(bytes.buffer);
  if (bytes.length < 4) throw new FormatError(path, `has ${bytes.length} bytes, too few for a llama2.c tokenizer`);
  const longest = view.getInt32(0, true);
  const scores: number[] = [];
  const pieces: string[] = [];
  let at = 4;
  while (at < bytes.length) {
    const entry = `token ${pieces.length} at byte ${at}`;
    if (at + 8 > bytes.length) throw new FormatError(path, `ends inside ${entry}; it is truncated`);
    const length = view.getInt32(at + 4, true);
    if (length < 0 || length > longest) {
      throw new FormatError(
        path,
        `${entry} is ${length} bytes long, though none is to exceed ${longest}; it is damaged`,
      );
    }
    if (at + 8 + length > bytes.length) throw new FormatError(path, `ends inside ${entry}; it is truncated`);
    const score = view.getFloat32(at, true);
    if (!Number.isFinite(score)) throw new FormatError(path, `${entry} has the score ${score}; it is damaged`);
    scores.push(score);
    pieces.push(Buffer.from(bytes.buffer, at + 8, length).toString("latin1"));
    at += 8 + length;
  }
  if (pieces.length < BYTES_END) {
    throw new FormatError(
      path,
      `has ${pieces.length} tokens; a llama2.c vocabulary begins with ${BYTES_END} fixed ones`,
    );
  }
  return new Llama2cTokenizer(Float32Array.from(scores), pieces);
}

function readAll(path: string): Uint8Array<ArrayBuffer> {
  const file = new RandomAccessFile(path);
  try {
    if (file.size > MAXIMUM_FILE_BYTES) {
      throw new FormatError(path, `has ${file.size} bytes, above the ceiling of ${MAXIMUM_FILE_BYTES} for a tokenizer`);
    }
    return file.read(0, file.size);
  } finally {
    file.close();
  }
}
