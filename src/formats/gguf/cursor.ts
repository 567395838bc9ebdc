/** Reads a GGUF header front to back through a small window, each size checked against the file before it is believed. */
import { FormatError } from "../../errors.ts";
import type { RandomAccessFile } from "../random-access-file.ts";

/**
 * Ceiling on everything before the tensor data, in bytes. The largest vocabularies with scores, types and merges (some
 * 260,000 tokens and 520,000 merges) take about 20 MB.
 */
export const MAXIMUM_HEADER_BYTES = 64 * 2 ** 20;

/** Ceiling on one string in bytes: chat templates, the longest ones known, stay below 1 MB. */
const MAXIMUM_STRING_BYTES = 16 * 2 ** 20;

const WINDOW_BYTES = 2 ** 18;

/** Little-endian reads that advance; `FormatError` where the file or the header's ceiling ends first. */
export class Cursor {
  readonly file: RandomAccessFile;
  /** The next byte's position in the file. */
  position = 0;
  #window: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #windowStart = 0;

  constructor(file: RandomAccessFile) {
    this.file = file;
  }

  /** A position inside the window with `bytes` bytes behind it, loaded where need be. */
  #take(bytes: number, what: string): number {
    this.require(bytes, what);
    if (this.position + bytes > this.#windowStart + this.#window.length) {
      const length = Math.min(Math.max(bytes, WINDOW_BYTES), this.file.size - this.position);
      const loaded = this.file.read(this.position, length);
      this.#window = Buffer.from(loaded.buffer);
      this.#windowStart = this.position;
    }
    const at = this.position - this.#windowStart;
    this.position += bytes;
    return at;
  }

  /** Throws unless `bytes` more bytes lie in the file and under the ceiling: to be called before allocating by a count. */
  require(bytes: number, what: string): void {
    const { path, size } = this.file;
    if (this.position + bytes > size) {
      throw new FormatError(
        path,
        `${what} at byte ${this.position} takes ${bytes} bytes, but the file has ${size}; it is truncated or damaged`,
      );
    }
    if (this.position + bytes > MAXIMUM_HEADER_BYTES) {
      throw new FormatError(path, `its header goes beyond the ceiling of ${MAXIMUM_HEADER_BYTES} bytes, at ${what}`);
    }
  }

  uint32(what: string): number {
    const at = this.#take(4, what);
    return this.#window.readUInt32LE(at);
  }

  /** A 64-bit count or size; beyond 2^53 it cannot be true of any file. */
  count(what: string): number {
    const at = this.#take(8, what);
    const value = this.#window.readBigUInt64LE(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new FormatError(this.file.path, `${what} at byte ${this.position - 8} is ${value}, which no file holds`);
    }
    return Number(value);
  }

  /** A length and that many bytes of UTF-8 (a broken sequence becomes U+FFFD, as some vocabularies hold raw bytes). */
  string(what: string): string {
    const bytes = this.count(`the length of ${what}`);
    if (bytes > MAXIMUM_STRING_BYTES) {
      throw new FormatError(
        this.file.path,
        `${what} is ${bytes} bytes long, above the ceiling of ${MAXIMUM_STRING_BYTES}`,
      );
    }
    const at = this.#take(bytes, what);
    return this.#window.toString("utf8", at, at + bytes);
  }

  /** `bytes` bytes copied to the start of a buffer of their own. */
  bytes(bytes: number, what: string): Uint8Array<ArrayBuffer> {
    const at = this.#take(bytes, what);
    return new Uint8Array(this.#window.subarray(at, at + bytes));
  }
}
