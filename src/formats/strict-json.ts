/** JSON from untrusted files: nesting and size are bounded before anything is built, and a repeated key is an error. */
import { FormatError } from "../errors.ts";

/** Deeper than any header or index nests (4); bounds what a file of brackets can cost. */
const MAXIMUM_DEPTH = 32;

/**
 * Ceiling on keys, objects and arrays together: the largest index has some 200,000 keys, a shard's header seven of these for
 * each of its tensors. A million of the worst take about 500 MB.
 */
const MAXIMUM_PARTS = 1_000_000;

/** Parses `text`; syntax errors, repeated keys and deep nesting or endless content throw `FormatError` naming `path`. */
export function parseStrictJson(path: string, text: string): unknown {
  checkStructure(path, text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(path, `is not valid JSON (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}

/** Walks strings and brackets only: what is not JSON at all is left for the parser to name. */
function checkStructure(path: string, text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let parts = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (parts > MAXIMUM_PARTS) throw new FormatError(path, `JSON has over ${MAXIMUM_PARTS} keys, objects and arrays`);
    if (character === "{" || character === "[") {
      parts++;
      if (open.push(undefined) > MAXIMUM_DEPTH) throw new FormatError(path, `JSON nests deeper than ${MAXIMUM_DEPTH}`);
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const end = stringEnd(text, at);
      if (isKey(text, end)) {
        parts++;
        const key = unescaped(text.slice(at, end));
        const keys = open.at(-1) ?? new Set();
        if (keys.has(key)) throw new FormatError(path, `JSON key "${key.slice(0, 200)}" occurs twice`);
        if (open.length > 0) open[open.length - 1] = keys.add(key);
      }
      at = end - 1;
    }
  }
}

/** The position after the string that opens at `start`: the next quote behind an even number of backslashes. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (text[first - 1] === "\\") first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return text.length;
}

function isKey(text: string, end: number): boolean {
  let next = end;
  while (text[next] === " " || text[next] === "\n" || text[next] === "\t" || text[next] === "\r") next++;
  return text[next] === ":";
}

function unescaped(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    // An invalid escape: the parser will say so.
    return quoted;
  }
}

/** True for an object that is neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
