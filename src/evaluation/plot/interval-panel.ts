/** Scores with their standard errors, row by row: a dot for each model, a mark for chance. */
import { escaped } from "../escaped.ts";
import { type Area, characterWidth, panel, panelWidth, round, shortName, xAxis } from "./frame.ts";
import { linearScale } from "./linear-scale.ts";
import { colourClass } from "./palette.ts";

/** A score. */
export interface Interval {
  readonly name: string;
  readonly value: number;
  /** Its standard error. */
  readonly error: number | null;
  readonly colour: number | undefined;
}

/** A row of scores. */
export interface IntervalRow {
  readonly name: string;
  readonly chance: number;
  readonly scores: readonly Interval[];
}

/** Height of a row, and of the space below. */
const [rowHeight, below] = [36, 42] as const;
/** How far apart the dots of a row lie. */
const apart = 10;

/** The rows on an axis from 0 to 1; empty where there is none. */
export function intervalPanel(label: string, axis: string, rows: readonly IntervalRow[]): string {
  if (rows.length === 0) return "";
  const left = round(Math.max(...rows.map(({ name }) => shortName(name).length)) * characterWidth + 12);
  const area: Area = { left, right: panelWidth - 20, top: 0, bottom: rows.length * rowHeight };
  const { at, ticks } = linearScale([0, 1], area.left, area.right);
  const parts = rows.flatMap(({ name, chance, scores }, index) => {
    const middle = (index + 0.5) * rowHeight;
    const x = round(at(chance));
    return [
      `<text class="end" x="${left - 8}" y="${middle + 4}">${escaped(shortName(name))}</text>`,
      `<line class="chance" x1="${x}" x2="${x}" y1="${middle - 12}" y2="${middle + 12}"><title>chance: ${round3(chance)}</title></line>`,
      ...scores.flatMap((score, rank) => dot(score, at, middle + (rank - (scores.length - 1) / 2) * apart)),
    ];
  });
  const grid = ticks.map(
    (tick) => `<line class="grid" x1="${round(at(tick))}" x2="${round(at(tick))}" y1="0" y2="${area.bottom}"/>`,
  );
  const percent = (value: number) => `${Math.round(100 * value)} %`;
  return panel(label, area.bottom + below, [
    ...grid,
    ...parts,
    ...xAxis(area, { at, ticks }, { label: axis, text: percent }),
  ]);
}

function dot({ name, value, error, colour }: Interval, at: (value: number) => number, y: number): string[] {
  const style = colourClass(colour);
  const within = (share: number) => round(at(Math.min(1, Math.max(0, share))));
  const told = `${name}: ${round3(value)}${error === null ? "" : ` ± ${round3(error)}`}`;
  const whisker =
    error === null
      ? []
      : [
          `<line class="line ${style}" x1="${within(value - error)}" x2="${within(value + error)}" y1="${y}" y2="${y}"/>`,
        ];
  return [
    ...whisker,
    `<circle class="swatch ${style}" cx="${within(value)}" cy="${y}" r="4"><title>${escaped(told)}</title></circle>`,
  ];
}

const round3 = (value: number) => Number(value.toPrecision(3));
