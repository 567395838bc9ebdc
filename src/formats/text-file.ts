/** Small text files read whole: bounded in size, and valid UTF-8 or an error. */
import { readFile, stat } from "node:fs/promises";
import { FormatError } from "../errors.ts";

/**
 * Reads a file as UTF-8; a byte order mark is dropped.
 * @throws FormatError where it is missing, larger than `ceiling` bytes, or not UTF-8.
 */
export async function readTextFile(path: string, ceiling: number): Promise<string> {
  const text = await readOptionalTextFile(path, ceiling);
  if (text === undefined) throw new FormatError(path, "there is no such file");
  return text;
}

/** The same, but undefined where there is no such file. */
export async function readOptionalTextFile(path: string, ceiling: number): Promise<string | undefined> {
  let content: Buffer;
  try {
    const { size } = await stat(path);
    if (size > ceiling) throw new FormatError(path, `has ${size} bytes; files of this kind are read up to ${ceiling}`);
    content = await readFile(path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new FormatError(path, `cannot be read (${error instanceof Error ? error.message : error})`, { cause: error });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch (error) {
    throw new FormatError(path, "is not valid UTF-8", { cause: error });
  }
}
