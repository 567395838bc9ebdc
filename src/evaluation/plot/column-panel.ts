/** Columns side by side, one for each layer, from zero up. */
import { escaped } from "../escaped.ts";
import { type Area, type Axis, leftOf, panel, panelWidth, round, xAxis, yAxis } from "./frame.ts";
import { linearScale, roundNumbers } from "./linear-scale.ts";
import { colourClass } from "./palette.ts";

/** A plot of columns. */
export interface ColumnPanel {
  /** Read to those who do not see it. */
  readonly label: string;
  readonly x: Axis;
  readonly y: Axis;
  /** The columns' heights from the first on; null leaves a gap. */
  readonly values: readonly (number | null)[];
  readonly colour: number;
  /** The height that the axis reaches at least (default: 0.01). */
  readonly atLeast?: number;
}

const [height, top, bottom] = [250, 30, 208] as const;
/** A column is not wider than this, and this much of its place stays free. */
const [widest, gap] = [28, 0.25] as const;

/** The columns; empty where there is none. */
export function columnPanel({ label, x, y, values, colour, atLeast = 0.01 }: ColumnPanel): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return "";
  const ys = linearScale([0, roundedUp(Math.max(atLeast, ...known))], bottom, top);
  const area: Area = { left: leftOf(ys, y), right: panelWidth - 6, top, bottom };
  const place = (area.right - area.left) / values.length;
  const width = Math.min(widest, place * (1 - gap));
  const middle = (index: number) => area.left + (index + 0.5) * place;
  const columns = values.flatMap((value, index) => {
    if (value === null) return [];
    const from = round(ys.at(Math.max(0, value)));
    const told = `${x.label} ${x.text(index)}: ${y.text(value)}`;
    return `<rect class="bar ${colourClass(colour)}" x="${round(middle(index) - width / 2)}" y="${from}" width="${round(width)}" height="${round(area.bottom - from)}"><title>${escaped(told)}</title></rect>`;
  });
  const every = Math.max(1, Math.ceil(values.length / 16));
  const marked = values.flatMap((_value, index) => (index % every === 0 ? [index] : []));
  return panel(label, height, [...yAxis(area, ys, y), ...columns, ...xAxis(area, { at: middle, ticks: marked }, x)]);
}

/** The next number that is marked on an axis from zero to the given one. */
function roundedUp(most: number): number {
  const marks = roundNumbers(0, most);
  const last = marks.at(-1) ?? most;
  return last < most ? last + (marks[1] ?? most) : last;
}
