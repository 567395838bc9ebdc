/** A regular file read at any position, nothing before it is asked for. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FormatError } from "../errors.ts";

/** One read call's ceiling: the system refuses 2 GiB and more at once. */
const MAXIMUM_READ = 2 ** 30;

/** An open file with its size; every failure is a `FormatError` naming the path. */
export class RandomAccessFile {
  readonly path: string;
  readonly size: number;
  #descriptor: number | undefined;

  constructor(path: string) {
    this.path = path;
    try {
      this.#descriptor = openSync(path, "r");
    } catch (cause) {
      throw new FormatError(path, `cannot be opened (${reason(cause)})`, { cause });
    }
    const status = fstatSync(this.#descriptor);
    this.size = status.size;
    if (!status.isFile()) {
      this.close();
      throw new FormatError(path, "is not a regular file");
    }
  }

  /** Fills `target` from `position` on; a file that ends before it is full is an error. */
  readInto(target: Uint8Array, position: number): void {
    if (this.#descriptor === undefined) throw new FormatError(this.path, "was closed before this read");
    let done = 0;
    while (done < target.length) {
      const count = this.#read(this.#descriptor, target, done, position + done);
      if (count === 0) {
        throw new FormatError(
          this.path,
          `ends at byte ${position + done}, where ${target.length - done} more are expected; the file is truncated`,
        );
      }
      done += count;
    }
  }

  /** `bytes` bytes from `position` in a buffer of their own; asked beyond the file's end, an error before allocating. */
  read(position: number, bytes: number): Uint8Array<ArrayBuffer> {
    if (position + bytes > this.size) {
      throw new FormatError(
        this.path,
        `${bytes} bytes are expected at byte ${position}, but the file has ${this.size}; it is truncated`,
      );
    }
    const target = allocate(this.path, bytes);
    this.readInto(target, position);
    return target;
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #read(descriptor: number, target: Uint8Array, offset: number, position: number): number {
    try {
      return readSync(descriptor, target, offset, Math.min(target.length - offset, MAXIMUM_READ), position);
    } catch (cause) {
      throw new FormatError(this.path, `cannot be read (${reason(cause)})`, { cause });
    }
  }
}

/** Opens a file, hands it to `use`, and closes it again where `use` throws. */
export function openOrClose<T>(path: string, use: (file: RandomAccessFile) => T): T {
  const file = new RandomAccessFile(path);
  try {
    return use(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Memory for `bytes` bytes, or a `FormatError` naming the file that asked for more than there is. */
export function allocate(path: string, bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new FormatError(path, `${bytes} bytes do not fit in memory`, { cause });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
