/** Lines over two logarithmic axes as SVG, each with its name beside it; readable on light and on dark pages. */
import { escaped } from "../escaped.ts";
import { logScale } from "./log-scale.ts";
import { colourClass, styleSheet } from "./palette.ts";
import { spread } from "./spread.ts";

/** One line. */
export interface Series {
  readonly name: string;
  /** What stands behind the name, quieter. */
  readonly note?: string;
  /** Above zero, in the order of `x`; at least one. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** The index of its colour; absent for the line that the others are compared with. */
  readonly colour?: number;
}

/** A plot. */
export interface LinePlot {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** How a number of the horizontal axis is written. */
  readonly xText: (x: number) => string;
  readonly yText: (y: number) => string;
  readonly series: readonly Series[];
  /** What colours mean, where several lines share one. */
  readonly legend?: readonly { readonly text: string; readonly colour: number | undefined }[];
}

/** Sizes of the drawing in pixels. */
const [width, left, right, top, bottom] = [960, 64, 250, 92, 52] as const;
/** Height of one label, and the least height of the lines' area. */
const [labelGap, leastHeight] = [14, 380] as const;
/** From the end of the axis to the labels. */
const labelDistance = 36;

/** The plot as an SVG document. Throws a RangeError where there is no point. */
export function linePlotSvg(plot: LinePlot): string {
  const { series } = plot;
  const points = series.flatMap((line) => line.points);
  if (points.length === 0) throw new RangeError("there is no point to draw");
  const height = Math.max(leastHeight, series.length * labelGap);
  const area = { left, right: width - right, top, bottom: top + height };
  const x = logScale(
    points.map((point) => point.x),
    area.left,
    area.right,
  );
  const y = logScale(
    points.map((point) => point.y),
    area.bottom,
    area.top,
  );
  const marked = [...new Set(points.map((point) => point.x))].toSorted((a, b) => a - b);
  const xTicks = marked.length <= 12 ? marked : x.ticks;
  const shape = (line: Series) =>
    line.points.map((point) => `${round(x.at(point.x))},${round(y.at(point.y))}`).join(" ");
  const ends = series.map(({ points: own }) => own.at(-1) ?? { x: 1, y: 1 });
  const labels = spread(
    ends.map((end) => y.at(end.y)),
    labelGap,
    area.top,
    area.bottom,
  );
  const labelX = area.right + labelDistance;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${area.bottom + bottom}" width="${width}" height="${area.bottom + bottom}" role="img">`,
    `<title>${escaped(plot.title)}</title><desc>${escaped(plot.subtitle)}</desc><style>${styleSheet()}</style>`,
    `<rect class="surface" width="100%" height="100%"/>`,
    `<text class="title" x="${left}" y="28">${escaped(plot.title)}</text>`,
    `<text class="quiet" x="${left}" y="47">${escaped(plot.subtitle)}</text>`,
    ...legend(plot.legend ?? []),
    ...y.ticks.flatMap((tick) => [
      `<line class="grid" x1="${area.left}" x2="${area.right}" y1="${round(y.at(tick))}" y2="${round(y.at(tick))}"/>`,
      `<text class="quiet" x="${area.left - 8}" y="${round(y.at(tick) + 4)}" text-anchor="end">${escaped(plot.yText(tick))}</text>`,
    ]),
    ...xTicks.flatMap((tick) => [
      `<line class="grid" x1="${round(x.at(tick))}" x2="${round(x.at(tick))}" y1="${area.bottom}" y2="${area.bottom + 5}"/>`,
      `<text class="quiet" x="${round(x.at(tick))}" y="${area.bottom + 20}" text-anchor="middle">${escaped(plot.xText(tick))}</text>`,
    ]),
    `<text class="quiet" x="${round((area.left + area.right) / 2)}" y="${area.bottom + 42}" text-anchor="middle">${escaped(plot.xLabel)}</text>`,
    `<text class="quiet" x="${left}" y="${top - 12}">${escaped(plot.yLabel)}</text>`,
    ...ends.map((end, index) => {
      const label = labels[index] ?? 0;
      return `<polyline class="leader" points="${round(x.at(end.x) + 4)},${round(y.at(end.y))} ${round(area.right + 8)},${round(y.at(end.y))} ${labelX - 14},${round(label)}"/>`;
    }),
    // The line of comparison is drawn last, above the others.
    ...series
      .toSorted((a, b) => Number(a.colour === undefined) - Number(b.colour === undefined))
      .flatMap((line) => drawn(line, shape(line))),
    ...series.flatMap((line, index) => label(line, labelX, labels[index] ?? 0)),
    "</svg>\n",
  ].join("\n");
}

/** A line with its name for whoever points at it; a single point is a dot. */
function drawn({ name, colour, points }: Series, shape: string): string[] {
  const title = `<title>${escaped(name)}</title>`;
  if (points.length > 1) return [`<polyline class="line ${colourClass(colour)}" points="${shape}">${title}</polyline>`];
  const [cx, cy] = shape.split(",");
  return [`<circle class="swatch ${colourClass(colour)}" cx="${cx}" cy="${cy}" r="3">${title}</circle>`];
}

function label({ name, note, colour }: Series, x: number, y: number): string[] {
  const quiet = note === undefined ? "" : ` <tspan class="quiet">${escaped(note)}</tspan>`;
  return [
    `<circle class="swatch ${colourClass(colour)}" cx="${x - 7}" cy="${round(y)}" r="3.5"/>`,
    `<text x="${x}" y="${round(y + 4)}">${escaped(name)}${quiet}</text>`,
  ];
}

/** What colours mean, in a row below the subtitle at the right. */
function legend(entries: NonNullable<LinePlot["legend"]>): string[] {
  let x: number = left + 170;
  return entries.flatMap(({ text, colour }) => {
    const place = x;
    x += 26 + 6.6 * text.length;
    return [
      `<circle class="swatch ${colourClass(colour)}" cx="${round(place)}" cy="${top - 16}" r="4"/>`,
      `<text class="quiet" x="${round(place + 9)}" y="${top - 12}">${escaped(text)}</text>`,
    ];
  });
}

const round = (value: number) => Number(value.toFixed(1));
