/** What was told far back: every probe by distance, depth or examples, and in full as a table. */
import { measured, percent, precise } from "../../units.ts";
import { linePanel } from "../plot/line-panel.ts";
import type { Range } from "../recall/rows.ts";
import type { Evaluation, RecallRow, Section } from "./content.ts";
import { figure, figures, folded, paragraph, table } from "./html.ts";
import { figureColumns, lengthText, linesOf } from "./variants.ts";

/** Plots of the longest sequences, a table of all answers together, and the rest folded; nothing where nothing was asked. */
export function recall({ recall: rows }: Evaluation): Section[] {
  if (rows.length === 0) return [];
  const [all, grouped] = [rows.filter((row) => !isGrouped(row)), rows.filter(isGrouped)];
  const names = [...new Set(rows.map(({ name }) => name))];
  const html = [
    paragraph(
      "What the model recalls of its own context. From further back than the window reaches, only the state can answer: compare the model with the window only.",
    ),
    figures(names.flatMap((name) => plot(grouped.filter((row) => row.name === name)))),
    all.length === 0 ? "" : table("Recall over all answers", all, columns),
    grouped.length === 0
      ? ""
      : folded("By distance, depth and examples", table("Recall by distance, depth and examples", grouped, columns)),
  ];
  return [{ id: "recall", title: "Recall", html: html.join("\n") }];
}

const isGrouped = ({ distance, depth, examples }: RecallRow) => (distance ?? depth ?? examples) !== null;

const columns = [
  { head: "probe", words: true, cell: ({ name }: RecallRow) => name },
  { head: "length", cell: ({ length }: RecallRow) => String(length) },
  { head: "asked of", words: true, cell: (row: RecallRow) => (isGrouped(row) ? groupText(row) : null) },
  { head: "metric", words: true, cell: ({ metric }: RecallRow) => metric.replaceAll("_", " ") },
  { head: "answers", cell: ({ n }: RecallRow) => String(n) },
  ...figureColumns<RecallRow>(3),
  { head: "guess", cell: ({ baseline }: RecallRow) => (baseline === null ? null : precise(baseline, 3)) },
];

function groupText({ distance, depth, examples }: RecallRow): string {
  if (distance !== null) return `${rangeText(distance)} tokens back`;
  if (depth !== null) return `depth ${percent(depth)}`;
  return examples === null ? "all" : `${rangeText(examples)} examples`;
}

function rangeText({ from, to }: Range): string {
  return to - from === 1 ? String(from) : `${from}–${to - 1}`;
}

/** One probe's main metric at its greatest length. */
function plot(rows: readonly RecallRow[]): string[] {
  const longest = Math.max(...rows.map(({ length }) => length));
  const numbers = rows.some(({ metric }) => metric === "relative_error");
  const metric = numbers ? "relative_error" : "exact_match";
  const shown = rows.filter((row) => row.length === longest && row.metric === metric && placeOf(row) > 0);
  const [first] = shown;
  if (first === undefined || shown.length < 2) return [];
  const depth = first.depth !== null;
  const axis = depth ? "depth" : first.examples === null ? "tokens back, from" : "examples before, from";
  const svg = linePanel({
    label: `${first.name}: ${metric.replaceAll("_", " ")} by ${axis}, in sequences of ${longest} tokens`,
    x: { label: axis, log: !depth, marks: shown.map(placeOf), text: depth ? percent : lengthText },
    y: { label: metric.replaceAll("_", " "), log: false, includes: [0, 1], text: (value) => measured(value, 3) },
    lines: linesOf(shown, ["teacher", "model", "window_only"], placeOf, { positive: false }),
  });
  const note = `${numbers ? "relative error, lower is better" : "exact answers, higher is better"}; ${longest} tokens`;
  return svg === "" ? [] : [figure(first.name, note, svg)];
}

const placeOf = ({ distance, depth, examples }: RecallRow) => distance?.from ?? depth ?? examples?.from ?? 0;
