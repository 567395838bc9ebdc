/** What the small plots of a page share: their size, their grid and their axes. Colours come from the page's style sheet. */
import { escaped } from "../escaped.ts";
import type { Scale } from "./scale.ts";

/** Width of a plot in pixels; the page may show it wider or narrower. */
export const panelWidth = 420;

/** A place of the drawing with one digit behind the point: enough for the eye. */
export const round = (value: number): number => Number(value.toFixed(1));

/** A name in a plot: one that is too long would leave no room for anything else. */
export function shortName(name: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName - 1)}…`;
}

/** Characters of a name in a plot. */
const longestName = 24;

/** The area that lines or bars lie in. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** An axis with its name and how its numbers are written. */
export interface Axis {
  readonly label: string;
  readonly text: (value: number) => string;
}

/** The SVG around what was drawn; `label` is read to those who do not see it. */
export function panel(label: string, height: number, parts: readonly string[]): string {
  return [
    `<svg viewBox="0 0 ${panelWidth} ${round(height)}" role="img" aria-label="${escaped(label)}">`,
    ...parts,
    "</svg>",
  ].join("\n");
}

/** Pixels that a character of a plot's text takes, wide ones among them. */
export const characterWidth = 7;

/** Where the lines begin: after the numbers of the vertical axis. */
export function leftOf({ ticks }: Scale, { text }: Axis): number {
  return round(Math.max(4, ...ticks.map((tick) => text(tick).length)) * characterWidth + 8);
}

/** Horizontal lines of the grid with their numbers, and the axis' name above them. */
export function yAxis({ left, right, top }: Area, { at, ticks }: Scale, { label, text }: Axis): string[] {
  return [
    `<text class="quiet" x="0" y="${top - 14}">${escaped(label)}</text>`,
    ...ticks.flatMap((tick) => [
      `<line class="grid" x1="${left}" x2="${right}" y1="${round(at(tick))}" y2="${round(at(tick))}"/>`,
      `<text class="quiet end" x="${left - 6}" y="${round(at(tick) + 4)}">${escaped(text(tick))}</text>`,
    ]),
  ];
}

/** The least room between two numbers, in pixels. */
const room = 8;

/** The numbers below the area, those that have room, and the axis' name. */
export function xAxis({ left, right, bottom }: Area, { at, ticks }: Scale, { label, text }: Axis): string[] {
  let free = Number.NEGATIVE_INFINITY;
  const marks = ticks.flatMap((tick) => {
    const [place, words] = [at(tick), text(tick)];
    const half = (words.length * characterWidth) / 2;
    const mark = `<line class="grid" x1="${round(place)}" x2="${round(place)}" y1="${bottom}" y2="${bottom + 4}"/>`;
    if (place - half < free) return [mark];
    free = place + half + room;
    return [mark, `<text class="quiet middle" x="${round(place)}" y="${bottom + 17}">${escaped(words)}</text>`];
  });
  return [
    `<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
    ...marks,
    `<text class="quiet middle" x="${round((left + right) / 2)}" y="${bottom + 34}">${escaped(label)}</text>`,
  ];
}
