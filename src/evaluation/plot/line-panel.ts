/** Few lines over two axes, each line named at its end, small enough to stand beside another plot. */
import { escaped } from "../escaped.ts";
import {
  type Area,
  type Axis,
  characterWidth,
  leftOf,
  panel,
  panelWidth,
  round,
  shortName,
  xAxis,
  yAxis,
} from "./frame.ts";
import { linearScale } from "./linear-scale.ts";
import { logScale } from "./log-scale.ts";
import { colourClass } from "./palette.ts";
import type { Scale } from "./scale.ts";
import { spread } from "./spread.ts";

/** A point of a line. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** One line. */
export interface Line {
  readonly name: string;
  /** The index of its colour; undefined for the line that the others are compared with. */
  readonly colour: number | undefined;
  /** Thin and broken, for what matters less. */
  readonly thin?: boolean;
  readonly points: readonly Point[];
}

/** An axis of a plot of lines. */
export interface LineAxis extends Axis {
  /** Logarithmic: all numbers must be above zero. */
  readonly log: boolean;
  /** Numbers that the axis reaches at least. */
  readonly includes?: readonly number[];
  /** The numbers to mark instead of round ones. */
  readonly marks?: readonly number[];
}

/** A plot of lines. */
export interface LinePanel {
  /** Read to those who do not see it. */
  readonly label: string;
  readonly x: LineAxis;
  readonly y: LineAxis;
  readonly lines: readonly Line[];
  /** A place of the horizontal axis with a name. */
  readonly mark?: { readonly x: number; readonly text: string };
}

const [height, top, bottom] = [250, 30, 208] as const;
/** Room beside a line's name, in pixels. */
const besideName = 27;
/** Points of a line that are drawn as dots. */
const mostDots = 16;

/** The plot; empty where there is no point. */
export function linePanel({ label, x, y, lines, mark }: LinePanel): string {
  const drawn = lines.filter(({ points }) => points.length > 0);
  const points = drawn.flatMap((line) => line.points);
  if (points.length === 0) return "";
  const names = Math.max(...drawn.map(({ name }) => shortName(name).length));
  const heights = points.map((point) => point.y);
  const ys = scaleOf(y, padded(y.log, heights, y.includes), bottom, top);
  const area: Area = { left: leftOf(ys, y), right: panelWidth - names * characterWidth - besideName, top, bottom };
  const xs = scaleOf(x, [...points.map((point) => point.x), ...(mark ? [mark.x] : [])], area.left, area.right);
  const ends = drawn.map((line) => line.points.at(-1) ?? { x: 1, y: 1 });
  const places = spread(
    ends.map((end) => ys.at(end.y)),
    15,
    area.top,
    area.bottom,
  );
  const at = (point: Point) => [round(xs.at(point.x)), round(ys.at(point.y))] as const;
  return panel(label, height, [
    ...yAxis(area, ys, y),
    ...xAxis(area, xs, x),
    ...(mark === undefined ? [] : markOf(area, xs.at(mark.x), mark.text)),
    // The line of comparison lies above the others.
    ...drawn
      .toSorted((a, b) => Number(a.colour === undefined) - Number(b.colour === undefined))
      .flatMap((line) => lineOf(line, at, (point) => `${line.name}, ${x.text(point.x)}: ${y.text(point.y)}`)),
    ...drawn.flatMap((line, index) => nameOf(line, at(ends[index] ?? { x: 1, y: 1 }), area.right, places[index] ?? 0)),
  ]);
}

function scaleOf(
  { log, includes = [], marks }: LineAxis,
  values: readonly number[],
  start: number,
  end: number,
): Scale {
  const scale = (log ? logScale : linearScale)([...values, ...includes], start, end);
  const [low, high] = [Math.min(start, end) - 0.5, Math.max(start, end) + 0.5];
  const within = marks?.filter((mark) => scale.at(mark) >= low && scale.at(mark) <= high);
  return { ...scale, ticks: within ?? scale.ticks };
}

/** A little more than the numbers themselves, so that no line lies on the frame; an axis never ends below what it includes. */
function padded(log: boolean, values: readonly number[], includes: readonly number[] = []): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (log) {
    const factor = (most / least) ** 0.06;
    return [least / factor, most * factor];
  }
  const more = 0.06 * (most - least);
  return [includes.some((value) => value <= least) ? least : least - more, most + more];
}

function lineOf(
  { colour, thin, points }: Line,
  at: (point: Point) => readonly [number, number],
  told: (point: Point) => string,
): string[] {
  const style = `${colourClass(colour)}${thin === true ? " thin" : ""}`;
  const shape = points.map((point) => at(point).join()).join(" ");
  const dots = points.length === 1 || (points.length <= mostDots && thin !== true) ? points : [];
  return [
    ...(points.length > 1 ? [`<polyline class="line ${style}" points="${shape}"/>`] : []),
    ...dots.map((point) => {
      const [cx, cy] = at(point);
      return `<circle class="dot ${style}" cx="${cx}" cy="${cy}" r="3.5"><title>${escaped(told(point))}</title></circle>`;
    }),
  ];
}

function nameOf({ name, colour }: Line, [x, y]: readonly [number, number], right: number, place: number): string[] {
  return [
    `<polyline class="leader" points="${round(x + 5)},${y} ${round(right + 6)},${y} ${round(right + 14)},${round(place)}"/>`,
    `<circle class="swatch ${colourClass(colour)}" cx="${round(right + 18)}" cy="${round(place)}" r="3.5"/>`,
    `<text x="${round(right + 25)}" y="${round(place + 4)}">${escaped(shortName(name))}</text>`,
  ];
}

/** A place of the horizontal axis: its name stands on the side that has room for it. */
function markOf({ left: start, right, top: above, bottom: below }: Area, x: number, text: string): string[] {
  const after = x + text.length * characterWidth < right || x - start < right - x;
  return [
    `<line class="mark" x1="${round(x)}" x2="${round(x)}" y1="${above}" y2="${below}"/>`,
    `<text class="quiet${after ? "" : " end"}" x="${round(after ? x + 5 : x - 5)}" y="${above + 10}">${escaped(text)}</text>`,
  ];
}
