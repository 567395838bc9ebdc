/** The rows of a JSONL file, bounded in size, each with its place for messages. */
import { FormatError } from "../../errors.ts";
import { parseStrictJson } from "../../formats/strict-json.ts";
import { readTextFile } from "../../formats/text-file.ts";

/** Bytes of a file: published sets have up to 50 MB. */
const MAXIMUM_FILE = 256 * 2 ** 20;
/** Characters of a line: the longest passages that questions are asked about have some 100,000. */
const MAXIMUM_LINE = 2 ** 20;

/** A line of a file. */
export interface JsonLine {
  /** `file:line`. */
  readonly source: string;
  readonly value: unknown;
}

/** Reads all lines; blank ones are passed over. Throws a FormatError that names the file or the line. */
export async function readJsonLines(path: string): Promise<JsonLine[]> {
  const lines = (await readTextFile(path, MAXIMUM_FILE)).split("\n");
  const rows = lines.flatMap((line, index): JsonLine[] => {
    const source = `${path}:${index + 1}`;
    if (line.length > MAXIMUM_LINE) {
      throw new FormatError(source, `has ${line.length} characters; a row has up to ${MAXIMUM_LINE}, one to a line`);
    }
    return line.trim() === "" ? [] : [{ source, value: parseStrictJson(source, line) }];
  });
  if (rows.length === 0) throw new FormatError(path, "holds no rows: a task has one JSON object a line");
  return rows;
}
