/** What goes to stdout: exactly one JSON document, or aligned tables for people. */
import type { Terminal } from "./terminal.ts";

/** Writes a result: the document itself with --json, else the text made of it. */
export function writeResult<Document>(
  terminal: Terminal,
  json: boolean | undefined,
  document: Document,
  render: (document: Document) => string,
): void {
  const text = json === true ? JSON.stringify(document, null, 2) : render(document);
  terminal.output.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** A column of a table: its heading, and on which side its cells align (numbers: right). */
export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
}

/** Rows under headings, columns as wide as their widest cell, two spaces between them. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const headings = columns.map(({ heading }) => heading);
  const widths = columns.map((_, index) =>
    Math.max(...[headings, ...rows].map((cells) => Array.from(cells[index] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => pad(cells[index] ?? "", widths[index] ?? 0, align))
      .join("  ")
      .trimEnd();
  return [headings, widths.map((width) => "─".repeat(width)), ...rows].map(line).join("\n");
}

/** Names and values, one pair per line, values aligned. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

/** Blocks of text with an empty line between them; empty blocks are left out. */
export function blocks(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}

function pad(cell: string, width: number, align: Column["align"]): string {
  const space = " ".repeat(Math.max(0, width - Array.from(cell).length));
  return align === "right" ? space + cell : cell + space;
}
