/** Pieces of HTML that reports are made of. */

/** Text that is safe between tags and in attributes. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** A table of texts, which are escaped, and figures of at most five digits; a dash for what was not measured. */
export function htmlTable(heads: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (value: string | number | null) => {
    if (value === null) return "<td>–</td>";
    return `<td>${typeof value === "string" ? escaped(value) : Number(value.toPrecision(5))}</td>`;
  };
  const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`);
  return `<table><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr>${body.join("\n")}</table>`;
}
