/** Pieces of HTML that reports are made of. */
import { escaped } from "../escaped.ts";

/** A column of a table. */
export interface Column<Row> {
  readonly head: string;
  /** What a cell says; null: not measured. */
  readonly cell: (row: Row) => string | null;
  /** Words instead of numbers: set to the left. */
  readonly words?: boolean;
}

/** A table whose rows are named by their first column; columns that nothing was measured for are left out. */
export function table<Row>(caption: string, rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const shown = columns.filter(({ cell }) => rows.some((row) => cell(row) !== null));
  const tagged = ({ words }: Column<Row>) => (words === true ? ' class="words"' : "");
  const heads = shown.map((column) => `<th scope="col"${tagged(column)}>${escaped(column.head)}</th>`);
  const body = rows.map((row) => {
    const cells = shown.map((column, index) => {
      const text = escaped(column.cell(row) ?? "–");
      return index === 0 ? `<th scope="row"${tagged(column)}>${text}</th>` : `<td${tagged(column)}>${text}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  // Wide tables scroll by themselves, with the keyboard too.
  return `<div class="scroll" role="region" aria-label="${escaped(caption)}" tabindex="0"><table>
<caption>${escaped(caption)}</caption>
<thead><tr>${heads.join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody></table></div>`;
}

/** A plot with its heading. */
export function figure(title: string, note: string, svg: string): string {
  const quiet = note === "" ? "" : `<span>${escaped(note)}</span>`;
  return `<figure><figcaption><strong>${escaped(title)}</strong>${quiet}</figcaption>
${svg}</figure>`;
}

/** Plots side by side where there is room; nothing where there is none. */
export function figures(all: readonly string[]): string {
  return all.length === 0 ? "" : `<div class="figures">${all.join("\n")}</div>`;
}

/** A paragraph of text. */
export function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>`;
}

/** What is folded away until asked for. */
export function folded(summary: string, html: string): string {
  return `<details><summary>${escaped(summary)}</summary>
${html}</details>`;
}

/** A name and what it stands for; `html` is trusted, `text` is not. */
export interface Definition {
  readonly name: string;
  readonly text?: string;
  readonly html?: string;
}

/** Definitions in columns: few ones where what they say is long. */
export function definitions(entries: readonly Definition[], { long = false } = {}): string {
  const items = entries.map(
    ({ name, text = "", html }) => `<div><dt>${escaped(name)}</dt><dd>${html ?? escaped(text)}</dd></div>`,
  );
  return `<dl${long ? ' class="long"' : ""}>${items.join("\n")}</dl>`;
}
