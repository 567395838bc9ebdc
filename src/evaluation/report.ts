/** An evaluation as one self-contained HTML page: tables and a plot, readable without a network. */

import { escaped, htmlTable } from "./html.ts";
import type { Metric, RowKey } from "./recall/rows.ts";
import { type TaskReportRow, taskSection } from "./tasks/report.ts";

/** A figure of every variant; null: not measured. */
interface Figures {
  readonly model: number | null;
  readonly teacher: number | null;
  readonly window_only: number | null;
  readonly linear_only: number | null;
  readonly neither: number | null;
}

/** Perplexities at one length, as `evaluate` measures them. */
export interface ReportRow extends Figures {
  readonly length: number;
  readonly tokens: number;
  readonly ratio: number | null;
}

/** Perplexities of the places from `from` on, before `to`. */
export interface PositionRow extends Figures {
  readonly from: number;
  readonly to: number;
}

/** A figure of a probe of recall. */
export interface RecallRow extends Figures, RowKey {
  readonly name: string;
  readonly length: number;
  readonly metric: Metric;
}

/** What the page shows. */
export interface ReportContent {
  readonly model: string;
  readonly against: string | null;
  readonly perplexity: readonly ReportRow[];
  readonly by_position: readonly PositionRow[];
  readonly tasks: readonly TaskReportRow[];
  readonly recall: readonly RecallRow[];
  readonly linear_share: number | null;
}

const series = [
  { key: "teacher", label: "teacher", colour: "#4269d0" },
  { key: "model", label: "converted", colour: "#3ca951" },
  { key: "window_only", label: "window only", colour: "#efb118" },
  { key: "linear_only", label: "linear only", colour: "#ff725c" },
] as const;

/** The page's HTML. All names are escaped. */
export function reportPage(content: ReportContent): string {
  const title = content.against === null ? content.model : `${content.model} beside ${content.against}`;
  const share =
    content.linear_share === null
      ? ""
      : `<p>${(100 * content.linear_share).toFixed(1)} % of the layers' output comes from the linear part.</p>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.3rem 0.8rem; text-align: right; border-bottom: 1px solid #8884; }
  svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
</style>
<h1>${escaped(title)}</h1>
${perplexities(content.perplexity)}
${positions(content.by_position)}
${taskSection(content.tasks)}
${recall(content.recall)}
${share}
</html>
`;
}

const figureHeads = ["converted", "teacher", "window only", "linear only", "neither"];
const figuresOf = (row: Figures) => [row.model, row.teacher, row.window_only, row.linear_only, row.neither];

/** Perplexity by length; nothing where it was left out. */
function perplexities(rows: readonly ReportRow[]): string {
  if (rows.length === 0) return "";
  const points = rows.map((row) => ({ ...row, at: row.length }));
  return `<p>Perplexity by window length, lower is better. The ablations take one part of each converted layer away.</p>
${plot(points, "Perplexity by length")}
${htmlTable(
  ["length", "tokens", "ratio", ...figureHeads],
  rows.map((row) => [row.length, row.tokens, row.ratio, ...figuresOf(row)]),
)}`;
}

/** Perplexity by place, where there is more than one span of places. */
function positions(rows: readonly PositionRow[]): string {
  if (rows.length < 2) return "";
  const label = "Perplexity by the place in the window";
  const points = rows.map((row) => ({ ...row, at: row.to }));
  return `<h2>${label}</h2>
<p>A model that uses what it read long before has a line that goes on falling.</p>
${plot(points, label)}`;
}

/** What was told far back, in full. */
function recall(rows: readonly RecallRow[]): string {
  if (rows.length === 0) return "";
  const groupOf = ({ distance, depth, examples }: RecallRow) => {
    if (distance !== null) return `${distance.from} to ${distance.to - 1} tokens back`;
    if (depth !== null) return `depth ${Math.round(100 * depth)} %`;
    return examples === null ? "all" : `from ${examples.from} examples`;
  };
  return `<h2>Recall</h2>
${htmlTable(
  ["probe", "length", "asked of", "metric", ...figureHeads],
  rows.map((row) => [row.name, row.length, groupOf(row), row.metric.replaceAll("_", " "), ...figuresOf(row)]),
)}`;
}

const [width, height, margin] = [640, 320, 48];

/** Lines over lengths or places, both axes logarithmic. */
function plot(rows: readonly (Figures & { readonly at: number })[], label: string): string {
  const values = rows.flatMap((row) => series.flatMap(({ key }) => row[key] ?? [])).filter((value) => value > 0);
  if (values.length === 0) return "";
  const scale = (all: readonly number[], low: number, high: number) => {
    const [least, most] = [Math.log(Math.min(...all)), Math.log(Math.max(...all))];
    return (value: number) => low + ((Math.log(value) - least) / (most - least || 1)) * (high - low);
  };
  const x = scale(
    rows.map(({ at }) => at),
    margin,
    width - 140,
  );
  const y = scale(values, height - margin, 16);
  const ticks = [Math.min(...values), Math.sqrt(Math.min(...values) * Math.max(...values)), Math.max(...values)];
  const lines = series.flatMap(({ key, label: name, colour }) => {
    const points = rows.flatMap((row) => (row[key] === null ? [] : [[x(row.at), y(row[key])] as const]));
    const last = points.at(-1);
    if (last === undefined) return [];
    const path = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
    const dots = points.map(
      ([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${colour}"/>`,
    );
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join("")}`,
      `<text x="${(last[0] + 10).toFixed(1)}" y="${(last[1] + 4).toFixed(1)}">${name}</text>`,
    ];
  });
  const marks = [
    ...rows.map(({ at }) => `<text x="${x(at).toFixed(1)}" y="${height - 20}" text-anchor="middle">${at}</text>`),
    ...ticks.map(
      (tick) =>
        `<text x="${margin - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${Number(tick.toPrecision(3))}</text>`,
    ),
  ];
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${label}">
${[...marks, ...lines].join("\n")}
</svg>`;
}
