/** Figures of the variants as lines and as columns, the same everywhere. */
import { precise } from "../../units.ts";
import type { Line } from "../plot/line-panel.ts";
import { type Figures, variants } from "./content.ts";
import type { Column } from "./html.ts";

/** `512`, `16k`. */
export function lengthText(length: number): string {
  return length >= 1024 && length % 1024 === 0 ? `${length / 1024}k` : String(length);
}

/** A line for each of the named variants that was measured; figures of 0 are left out where `positive`. */
export function linesOf<Row extends Figures>(
  rows: readonly Row[],
  names: readonly (keyof Figures)[],
  x: (row: Row) => number,
  { positive = true }: { readonly positive?: boolean } = {},
): Line[] {
  return variants
    .filter(({ key }) => names.includes(key))
    .map(({ key, name, colour }) => ({
      name,
      colour,
      points: rows.flatMap((row) => {
        const y = row[key];
        return y === null || (positive && y <= 0) ? [] : [{ x: x(row), y }];
      }),
    }));
}

/** A column for each variant; `after` is what stands behind a figure, or in its place where it was not measured. */
export function figureColumns<Row extends Figures>(
  digits: number,
  after: (row: Row, key: keyof Figures) => string = () => "",
): Column<Row>[] {
  return variants.map(({ key, name }) => ({
    head: name,
    cell: (row) => {
      const [value, mark] = [row[key], after(row, key)];
      if (value === null) return mark === "" ? null : `–${mark}`;
      return `${precise(value, digits)}${mark}`;
    },
  }));
}
