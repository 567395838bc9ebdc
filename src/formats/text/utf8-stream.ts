/** A file's text in parts, hashed on the way. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { FormatError } from "../../errors.ts";
import type { TextFile } from "./document.ts";

const PART_BYTES = 2 ** 20;

/**
 * Yields a file's text in parts of about a megabyte; `onEnd` gets the size and hash of what was read, which is the
 * whole file unless the reader stops early.
 * @throws FormatError where the file cannot be read, is empty, or is not UTF-8.
 */
export async function* readParts(path: string, onEnd: (file: TextFile) => void): AsyncGenerator<string> {
  const hash = createHash("sha256");
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const stream = createReadStream(path, { highWaterMark: PART_BYTES });
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let bytes = 0;
  let ended = false;
  const next = async (): Promise<Buffer | undefined> => {
    const result = await chunks.next().catch((error: unknown) => {
      throw new FormatError(path, `cannot be read (${error instanceof Error ? error.message : error})`, {
        cause: error,
      });
    });
    if (result.done === true) {
      if (bytes === 0) throw new FormatError(path, "is empty");
      ended = true;
      return undefined;
    }
    hash.update(result.value);
    bytes += result.value.length;
    return result.value;
  };
  const decode = (chunk: Buffer | undefined): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (error) {
      const at = chunk === undefined ? bytes : bytes - chunk.length + firstInvalid(chunk);
      throw new FormatError(
        path,
        `is not valid UTF-8 at byte ${at}; convert it first, for instance with iconv -f latin1 -t utf-8`,
        { cause: error },
      );
    }
  };
  try {
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
      const text = decode(chunk);
      if (text !== "") yield text;
    }
    const rest = decode(undefined);
    if (rest !== "") yield rest;
  } finally {
    stream.destroy();
    onEnd({ path, bytes, sha256: hash.digest("hex"), whole: ended });
  }
}

/** Where the first bytes stand that belong to no character; a character begun in the chunk before is passed over. */
function firstInvalid(chunk: Buffer): number {
  let begin = 0;
  while (begin < 3 && ((chunk[begin] ?? 0) & 0xc0) === 0x80) begin++;
  let good = begin;
  for (let bad = chunk.length; bad - good > 1; ) {
    const middle = (good + bad) >>> 1;
    if (decodes(chunk.subarray(begin, middle), true)) good = middle;
    else bad = middle;
  }
  // What was begun and never finished is where the fault lies.
  while (good > begin && !decodes(chunk.subarray(begin, good), false)) good--;
  return good;
}

function decodes(bytes: Uint8Array, stream: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}
