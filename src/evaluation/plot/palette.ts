/** Colours of plots, for light and for dark surroundings: classes that a style sheet inside the SVG gives their colours. */

/** A colour in both surroundings. */
interface Shade {
  readonly light: string;
  readonly dark: string;
}

/** Series that differ in kind, told apart also by people who see fewer colours. */
const categories: readonly Shade[] = [
  { light: "#2a78d6", dark: "#3987e5" },
  { light: "#eb6834", dark: "#d95926" },
  { light: "#1baf7a", dark: "#199e70" },
  { light: "#eda100", dark: "#c98500" },
  { light: "#e87ba4", dark: "#d55181" },
  { light: "#008300", dark: "#2f9e2f" },
  { light: "#4a3aa7", dark: "#9085e9" },
  { light: "#e34948", dark: "#e66767" },
];

/** How many series have a colour of their own. */
export const colours = categories.length;

const ink: Shade = { light: "#0b0b0b", dark: "#ffffff" };
const quiet: Shade = { light: "#52514e", dark: "#c3c2b7" };
const grid: Shade = { light: "#e1e0d9", dark: "#2c2c2a" };
const surface: Shade = { light: "#fcfcfb", dark: "#1a1a19" };

/** The class of a series by the index of its colour; undefined for the one that others are compared with. */
export function colourClass(colour: number | undefined): string {
  return colour === undefined ? "reference" : `colour-${colour % colours}`;
}

/** The colours of one surrounding as custom properties, for the style sheet of a page: `--ink`, …, `--colour-0`, …. */
export function colourProperties(mode: keyof Shade): string {
  const named = Object.entries({ ink, quiet, grid, surface }).map(([name, shade]) => `--${name}:${shade[mode]}`);
  return [...named, ...categories.map((shade, index) => `--colour-${index}:${shade[mode]}`)].join(";");
}

/** The style sheet of a plot. */
export function styleSheet(): string {
  const rules = (mode: keyof Shade) =>
    [
      `.surface{fill:${surface[mode]}}`,
      `text{fill:${ink[mode]}}`,
      `.quiet{fill:${quiet[mode]}}`,
      `.grid{stroke:${grid[mode]}}`,
      `.leader{stroke:${quiet[mode]}}`,
      `.line.reference{stroke:${ink[mode]}}.swatch.reference{fill:${ink[mode]}}`,
      ...categories.map(
        (shade, index) => `.line.colour-${index}{stroke:${shade[mode]}}.swatch.colour-${index}{fill:${shade[mode]}}`,
      ),
    ].join("");
  return [
    "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif}",
    ".title{font-size:16px;font-weight:600}",
    ".line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}",
    ".line.reference{stroke-width:3}",
    ".grid{stroke-width:1}",
    ".leader{stroke-width:0.75;stroke-dasharray:1 2;fill:none}",
    rules("light"),
    `@media (prefers-color-scheme:dark){${rules("dark")}}`,
  ].join("");
}
