/** YAML from untrusted files: bounded in size, depth and aliases, and every value knows its line and column. */
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from "yaml";
import { FormatError } from "../errors.ts";

/** A recipe is a page of text: what is longer is something else. */
const MAXIMUM_BYTES = 256 * 1024;

/** Recipes nest some five levels; the bound keeps a file of brackets from exhausting the stack. */
const MAXIMUM_DEPTH = 24;

/** Aliases multiply: few are enough for any recipe. */
const MAXIMUM_ALIASES = 32;

/** A parsed file that can say where each of its values stands. */
export interface YamlSource {
  readonly path: string;
  /** Plain data: objects, lists, strings, numbers, booleans and null. */
  readonly data: unknown;
  /** `file:line:column` of the value at a path, or of the key itself; of the nearest parent where it is absent. */
  locate(path: readonly PropertyKey[], part?: "key" | "value"): string;
}

/**
 * Reads and parses a YAML file.
 * @throws FormatError with line and column where it is no YAML, and by name where it is missing, too big or hostile.
 */
export async function readYaml(path: string): Promise<YamlSource> {
  const problem = await stat(path).then(
    (status) =>
      !status.isFile()
        ? "is not a file"
        : status.size > MAXIMUM_BYTES
          ? `is larger than ${MAXIMUM_BYTES / 1024} KiB, so it is no recipe`
          : undefined,
    () => "no such file",
  );
  if (problem !== undefined) throw new FormatError(path, problem);
  return parseYaml(path, await readFile(path, "utf8"));
}

/** Parses the text of a YAML file; `path` is for messages. */
export function parseYaml(path: string, text: string): YamlSource {
  if (text.length > MAXIMUM_BYTES) throw new FormatError(path, `is larger than ${MAXIMUM_BYTES / 1024} KiB`);
  const lines = new LineCounter();
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const document = parsed(path, text, lines);
  const [error] = document.errors;
  if (error !== undefined) {
    throw new FormatError(
      place(error.pos[0]),
      `is not valid YAML: ${error.message.split(/ at line |:?\n|; please/)[0]}`,
      {
        cause: error,
      },
    );
  }
  checkNodes(document, place);
  const data: unknown = document.toJS({ maxAliasCount: MAXIMUM_ALIASES });
  return { path, data, locate: (keys, part = "value") => place(offsetOf(document, keys, part)) };
}

function parsed(path: string, text: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: true, stringKeys: true, schema: "core" });
  } catch (cause) {
    throw new FormatError(path, `cannot be read as YAML: ${basename(path)} nests too deeply`, { cause });
  }
}

function checkNodes(document: Document, place: (offset: number) => string): void {
  let aliases = 0;
  visit(document, {
    Node(_, node, ancestors) {
      if (ancestors.length > 2 * MAXIMUM_DEPTH) {
        throw new FormatError(place(node.range?.[0] ?? 0), `nests deeper than ${MAXIMUM_DEPTH}`);
      }
      if (isAlias(node) && ++aliases > MAXIMUM_ALIASES) {
        throw new FormatError(place(node.range?.[0] ?? 0), `has more than ${MAXIMUM_ALIASES} aliases`);
      }
    },
  });
}

/** Where the value or key at a path begins, as far as the path exists. */
function offsetOf(document: Document, path: readonly PropertyKey[], part: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, key] of path.entries()) {
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
      if (pair === undefined) break;
      node = last && part === "key" ? pair.key : pair.value;
      // An empty value has no place of its own: its key's is the next best.
      if (!isNode(node)) node = pair.key;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
    } else break;
    if (!isNode(node)) break;
    offset = node.range?.[0] ?? offset;
  }
  return offset;
}
