/** A comparison as a plot: the ratio to the teacher by length, a panel for each test text. */
import { linePlotSvg, type Series } from "../../evaluation/plot/line-plot.ts";
import { colours } from "../../evaluation/plot/palette.ts";
import type { MixerSpec } from "../../mixers/index.ts";
import { count, measured } from "../../units.ts";
import type { CompareDocument, CompareRow } from "../contract.ts";
import { groupLegend, groupOf } from "../mixers/groups.ts";

/** The mixer of a row by its name; undefined for softmax. */
export type MixerOf = (name: string) => MixerSpec | undefined;

/** The plot as an SVG document; undefined where nothing could be measured. */
export function comparePlot(document: CompareDocument, mixerOf: MixerOf): string | undefined {
  const panels = document.texts.flatMap(({ name }) => panel(document, name, mixerOf) ?? []);
  return panels.length > 1 ? stacked(panels) : panels[0];
}

function panel({ model, budget, rows }: CompareDocument, text: string, mixerOf: MixerOf): string | undefined {
  const rowsOf = (row: CompareRow) => row.texts.find((each) => each.text === text)?.perplexity ?? [];
  // Beyond the teacher's context there is nothing to compare with: perplexities alone tell the recipes apart.
  const compared = rows.some((row) => rowsOf(row).some(({ ratio }) => ratio !== null));
  const recipes = rows.filter(({ kind, error }) => kind === "recipe" && error === null);
  const grouped = recipes.length > colours - 1;
  const colourOf = ({ name, kind }: CompareRow): { readonly colour?: number } => {
    if (kind === "teacher") return {};
    const mixer = mixerOf(name);
    // The finetuned teacher has the last colour, which no group and no recipe has.
    if (kind === "finetuned-teacher" || mixer === undefined) return { colour: colours - 1 };
    return { colour: grouped ? groupOf(mixer) : recipes.findIndex((row) => row.name === name) };
  };
  const series = rows.flatMap((row): Series[] => {
    const points = rowsOf(row).flatMap(({ length, ratio, model: perplexity }) => {
      const y = compared ? ratio : perplexity;
      return y === null ? [] : [{ x: length, y }];
    });
    const last = points.at(-1);
    return last === undefined ? [] : [{ name: row.name, note: measured(last.y), points, ...colourOf(row) }];
  });
  if (series.length === 0) return undefined;
  return linePlotSvg({
    title: `${compared ? "Perplexity, times the teacher's" : "Perplexity"}: ${model}`,
    subtitle: `${count(budget)} tokens for each recipe, measured on ${text}. Lower is better.`,
    xLabel: "tokens of a window",
    yLabel: compared ? "ratio" : "perplexity",
    xText: String,
    yText: (y) => measured(y, 3),
    series,
    legend: grouped ? groupLegend(series) : [],
  });
}

/** SVG documents below each other as one. */
function stacked(panels: readonly string[]): string {
  let height = 0;
  let width = 0;
  const placed = panels.map((svg) => {
    const y = height;
    const [wide, high] = [/ width="([\d.]+)"/, / height="([\d.]+)"/].map((size) => Number(size.exec(svg)?.[1] ?? 0));
    width = Math.max(width, wide ?? 0);
    height += high ?? 0;
    return svg.replace("<svg ", `<svg y="${y}" `);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">\n${placed.join("")}</svg>\n`;
}
