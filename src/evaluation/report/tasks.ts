/** Scores of multiple-choice tasks: the model beside its teacher and chance, with standard errors. */
import { precise, precisePercent } from "../../units.ts";
import { type Interval, type IntervalRow, intervalPanel } from "../plot/interval-panel.ts";
import { type Evaluation, type Section, type TaskRow, variants } from "./content.ts";
import { type Column, figure, figures, folded, paragraph, table } from "./html.ts";
import { figureColumns } from "./variants.ts";

/** A plot and a table; nothing where no task was scored. Parts of a task stand folded below. */
export function tasks({ tasks: all }: Evaluation): Section[] {
  if (all.length === 0) return [];
  const [whole, parts] = [all.filter(({ group }) => group === null), all.filter(({ group }) => group !== null)];
  const html = [
    paragraph(
      "Margin kept is what is left of the teacher's margin over chance, where it has a clear one. Differences within the standard errors mean nothing.",
    ),
    plots(whole),
    table("Task scores", whole, columns),
    parts.length === 0 ? "" : folded("Parts of tasks", table("Scores of the parts of tasks", parts, columns)),
  ];
  return [{ id: "tasks", title: "Tasks", html: html.join("\n") }];
}

const scores = figureColumns<TaskRow>(4, (row, key) => {
  const error = key === "model" ? row.stderr : key === "teacher" ? row.teacher_stderr : null;
  return error === null ? "" : ` ± ${precise(error, 2)}`;
});

const columns: readonly Column<TaskRow>[] = [
  { head: "task", words: true, cell: ({ name }) => name },
  { head: "metric", words: true, cell: ({ metric }) => metric },
  { head: "rows", cell: ({ n }) => String(n) },
  { head: "chance", cell: ({ chance }) => precise(chance, 3) },
  ...scores.slice(0, 2),
  { head: "margin kept", cell: ({ margin_kept }) => (margin_kept === null ? null : precisePercent(margin_kept)) },
  ...scores.slice(2),
];

/** Rows of one plot. */
const mostRows = 8;

function plots(rows: readonly TaskRow[]): string {
  const named = rows.map(rowOf).filter(({ scores }) => scores.length > 0);
  const count = Math.ceil(named.length / mostRows);
  const size = Math.ceil(named.length / Math.max(1, count));
  const all = Array.from({ length: count }, (_unused, index) => named.slice(index * size, (index + 1) * size));
  const shown = all.map((part) => {
    const label = `Scores of ${part.map(({ name }) => name).join(", ")}`;
    return figure(
      "Scores",
      "teacher above, model below, chance as a stroke",
      intervalPanel(label, "right answers", part),
    );
  });
  return figures(shown);
}

function rowOf({ name, metric, chance, model, stderr, teacher, teacher_stderr }: TaskRow): IntervalRow {
  const measuredScores = { teacher: [teacher, teacher_stderr], model: [model, stderr] } as const;
  const own = variants.flatMap(({ key, name: who, colour }): Interval[] => {
    if (key !== "teacher" && key !== "model") return [];
    const [value, error] = measuredScores[key];
    return value === null ? [] : [{ name: who, value, error, colour }];
  });
  return { name: `${name} ${metric}`, chance, scores: own };
}
