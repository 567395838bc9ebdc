/** Files that appear whole or not at all: written beside their place, synced, and renamed into it. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { SubquadError } from "../errors.ts";

/** Appends bytes to the file being written. */
export type Append = (bytes: Uint8Array) => void;

/**
 * Writes `path` by way of `<path>.<pid>.tmp`: `write` appends its content, then the file is synced and renamed, so a
 * reader or a crash never meets half of it. Where anything fails, the temporary file is removed and `path` untouched.
 */
export async function writeWholeFile(path: string, write: (append: Append) => void | Promise<void>): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  let descriptor: number;
  try {
    descriptor = openSync(temporary, "w");
  } catch (cause) {
    throw new SubquadError(`${path}: cannot be written (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
  try {
    try {
      await write((bytes) => appendAll(descriptor, path, bytes));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

function appendAll(descriptor: number, path: string, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) {
    try {
      // One call writes less than 2 GiB.
      done += writeSync(descriptor, bytes, done, Math.min(bytes.length - done, 2 ** 30));
    } catch (cause) {
      throw new SubquadError(`${path}: cannot be written (${cause instanceof Error ? cause.message : cause})`, {
        cause,
      });
    }
  }
}

/** Makes the rename itself durable; systems that cannot sync a folder (Windows) do without. */
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The file is complete either way.
  }
}
