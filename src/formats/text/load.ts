/** The documents behind `--text PATH…`: plain text, JSONL, and folders of both. */
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { FormatError, SubquadError } from "../../errors.ts";
import type { Document, TextFile } from "./document.ts";
import { readJsonl } from "./jsonl.ts";
import { readParts } from "./utf8-stream.ts";

const JSONL = new Set([".jsonl", ".ndjson"]);

/** Files that hold text in a form that is not read here. */
const PACKED = new Map([
  [".parquet", "export it as JSONL"],
  [".arrow", "export it as JSONL"],
  [".gz", "unpack it first"],
  [".zst", "unpack it first"],
  [".zip", "unpack it first"],
  [".json", "write one object a line and call it .jsonl"],
]);

/**
 * The documents of files and folders, in the order given; a folder stands for its `.txt` and `.jsonl` files by name.
 * A plain file is one document, a JSONL file has one a line. `onFile` is called when a file
 * is left.
 * @throws FormatError for a missing or empty file, one that is not UTF-8, and malformed JSONL (with the line).
 */
export async function* loadDocuments(
  paths: readonly string[],
  onFile: (file: TextFile) => void = () => {},
): AsyncGenerator<Document> {
  if (paths.length === 0) throw new SubquadError("no text is named; pass --text PATH");
  for (const path of await textFiles(paths)) {
    const advice = PACKED.get(extname(path).toLowerCase());
    if (advice !== undefined) throw new FormatError(path, `is not a text file this can read; ${advice}`);
    const parts = readParts(path, onFile);
    if (JSONL.has(extname(path).toLowerCase())) yield* readJsonl(path, parts);
    else yield { kind: "text", source: path, parts };
  }
}

/** The files that paths stand for. @throws FormatError where a path is missing or a folder has no texts. */
export async function textFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) throw new FormatError(path, "there is no such file or folder to read text from");
    if (!status.isDirectory()) {
      files.push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => extname(name) === ".txt" || JSONL.has(extname(name))).sort();
    if (names.length === 0) throw new FormatError(path, "holds no .txt or .jsonl files");
    files.push(...names.map((name) => join(path, name)));
  }
  return files;
}
