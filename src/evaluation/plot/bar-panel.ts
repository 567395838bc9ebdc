/** Bars that lie one below the other, each with its name before it and its figure behind it. */
import { escaped } from "../escaped.ts";
import { characterWidth, panel, panelWidth, round, shortName } from "./frame.ts";
import { colourClass } from "./palette.ts";

/** One bar. */
export interface Bar {
  readonly name: string;
  /** Its length; at least 0. */
  readonly value: number;
  readonly text: string;
  readonly colour: number | undefined;
}

/** Height of a row and of its bar. */
const [row, thickness] = [28, 16] as const;

/** The bars; empty where there is none. */
export function barPanel(label: string, bars: readonly Bar[]): string {
  if (bars.length === 0) return "";
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length)) * characterWidth;
  const left = round(widest(bars.map(({ name }) => shortName(name))) + 12);
  const right = panelWidth - widest(bars.map(({ text }) => text)) - 14;
  const most = Math.max(...bars.map(({ value }) => value)) || 1;
  const parts = bars.flatMap(({ name, value, text, colour }, index) => {
    const middle = index * row + row / 2;
    const length = (Math.max(0, value) / most) * (right - left);
    return [
      `<text class="end" x="${left - 8}" y="${middle + 4}">${escaped(shortName(name))}</text>`,
      `<rect class="bar ${colourClass(colour)}" x="${left}" y="${middle - thickness / 2}" width="${round(length)}" height="${thickness}" rx="2"/>`,
      `<text class="quiet" x="${round(left + length + 7)}" y="${middle + 4}">${escaped(text)}</text>`,
    ];
  });
  const height = bars.length * row;
  return panel(label, height, [...parts, `<line class="axis" x1="${left}" x2="${left}" y1="0" y2="${height}"/>`]);
}
