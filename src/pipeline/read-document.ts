/** Reads back a JSON document that a verb has written. */
import { readFile, stat } from "node:fs/promises";
import type { z } from "zod";
import { FormatError } from "../errors.ts";
import { parseStrictJson } from "../formats/strict-json.ts";

/** Documents are kilobytes: the longest curves have a point for each evaluation. */
const MAXIMUM_BYTES = 64 * 2 ** 20;

/** The document in a file. Throws a FormatError for one that is too large or of another shape. */
export async function readDocument<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  const { size } = await stat(path);
  if (size > MAXIMUM_BYTES) throw new FormatError(path, `is larger than ${MAXIMUM_BYTES / 2 ** 20} MiB`);
  const parsed = schema.safeParse(parseStrictJson(path, await readFile(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new FormatError(path, "was not written by this version; leave out --resume to begin anew", {
    cause: parsed.error,
  });
}
