/** Perplexity by length and by place, and what is left of it without a part of the layers. */
import { measured, precise } from "../../units.ts";
import { type Bar, barPanel } from "../plot/bar-panel.ts";
import { linePanel } from "../plot/line-panel.ts";
import { type Evaluation, type Figures, type LengthRow, type PositionRow, type Section, variants } from "./content.ts";
import { figure, figures, folded, paragraph, table } from "./html.ts";
import { figureColumns, lengthText, linesOf } from "./variants.ts";

/** Perplexity by length, and by place where there is more than one span of places; nothing where it was left out. */
export function perplexity({ perplexity: rows, by_position: places }: Evaluation): Section[] {
  if (rows.length === 0) return [];
  const beyond = rows.some((row) => row.beyond_teacher_context);
  const html = [
    paragraph("Lower is better. Every window starts from nothing; the same text is cut into windows of each length."),
    figures([...byLength(rows), ...byPlace(places)]),
    table("Perplexity by window length", rows, [
      { head: "length", cell: ({ length }) => String(length) },
      { head: "tokens scored", cell: ({ tokens }) => String(tokens) },
      ...figureColumns(4, (row: LengthRow, key) => (key === "teacher" && row.beyond_teacher_context ? "*" : "")),
      { head: "model / teacher", cell: ({ ratio }) => (ratio === null ? null : precise(ratio)) },
    ]),
    beyond ? paragraph("* beyond the teacher's own context: marked, not compared") : "",
    places.length < 2
      ? ""
      : folded(
          "Perplexity by place, as a table",
          table("Perplexity by the place in the window", places, [
            { head: "places", cell: ({ from, to }) => `${from}–${to - 1}` },
            ...figureColumns(4),
          ]),
        ),
  ];
  return [{ id: "perplexity", title: "Perplexity", html: html.join("\n") }];
}

/** The variants in plots: the other ablations are so much worse that they would press these together. */
const compared = ["teacher", "model", "window_only"] as const;

function byLength(rows: readonly LengthRow[]): string[] {
  if (rows.length < 2) return [];
  const svg = linePanel({
    label: "Perplexity by window length, of the model, its teacher and the window alone",
    x: { label: "tokens per window", log: true, marks: rows.map(({ length }) => length), text: lengthText },
    y: { label: "perplexity", log: true, text: (value) => measured(value, 3) },
    lines: linesOf(rows, compared, ({ length }) => length),
  });
  return svg === "" ? [] : [figure("By length", "mean over all places of a window", svg)];
}

function byPlace(rows: readonly PositionRow[]): string[] {
  if (rows.length < 2) return [];
  const svg = linePanel({
    label: "Perplexity by the place in the window, of the model, its teacher and the window alone",
    x: { label: "place in the window, up to", log: true, marks: rows.map(({ to }) => to), text: lengthText },
    y: { label: "perplexity", log: true, text: (value) => measured(value, 3) },
    lines: linesOf(rows, compared, ({ to }) => to),
  });
  const note = "a model that uses what it read long before goes on falling";
  return svg === "" ? [] : [figure("By place in the longest windows", note, svg)];
}

/** Bars of what parts of the layers do by themselves; nothing where no ablation was measured. */
export function ablations({ perplexity: rows }: Evaluation): Section[] {
  const measuredRows = rows.filter(({ window_only, linear_only, neither }) =>
    [window_only, linear_only, neither].some((value) => value !== null),
  );
  const [shortest, longest] = [measuredRows[0], measuredRows.at(-1)];
  if (shortest === undefined || longest === undefined) return [];
  const shown = shortest === longest ? [longest] : [shortest, longest];
  const html = [
    paragraph(
      "Perplexity with parts of every converted layer taken away: without the linear part (window only), without the window (linear only), without both (neither). Bars show the loss in nats per token, the perplexity's logarithm. Where the window only does as well as the model, the linear part adds nothing at this length.",
    ),
    figures(
      shown.map((row) =>
        figure(
          `Windows of ${row.length} tokens`,
          "perplexity, lower is better",
          barPanel(`Perplexity in windows of ${row.length} tokens with parts taken away`, barsOf(row)),
        ),
      ),
    ),
  ];
  return [{ id: "ablations", title: "Ablations", html: html.join("\n") }];
}

function barsOf(row: Figures): Bar[] {
  return variants.flatMap(({ key, name, colour }): Bar[] => {
    const value = row[key];
    return value === null ? [] : [{ name, value: Math.log(value), text: precise(value), colour }];
  });
}
