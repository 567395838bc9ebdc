/** An evaluation as tables: the model beside its teacher and its ablations. */
import type { EvaluateDocument } from "../../pipeline/contract.ts";
import { blocks, type Column, table } from "../output.ts";
import { measured, percent } from "../units.ts";

const right = (heading: string): Column => ({ heading, align: "right" });

/** The tables of an evaluation. */
export function evaluateText(document: EvaluateDocument): string {
  return blocks(
    document.against === null ? document.model : `${document.model} against ${document.against}`,
    perplexityTable(document.perplexity),
    taskTable(document.tasks),
    document.linear_share === null
      ? ""
      : `The linear part carries ${percent(document.linear_share)} of the attention's weight.`,
  );
}

/** Perplexity by length; columns that nothing was measured for are left out. */
export function perplexityTable(rows: EvaluateDocument["perplexity"]): string {
  if (rows.length === 0) return "";
  const beyond = rows.some((row) => row.beyond_teacher_context);
  const optional = [
    ["teacher", (row) => `${measured(row.teacher)}${row.beyond_teacher_context ? "*" : ""}`],
    ["ratio", (row) => measured(row.ratio)],
    ["window only", (row) => measured(row.window_only)],
    ["linear only", (row) => measured(row.linear_only)],
    ["neither", (row) => measured(row.neither)],
  ] satisfies [string, (row: EvaluateDocument["perplexity"][number]) => string][];
  const shown = optional.filter(([, cell]) => rows.some((row) => cell(row) !== "–"));
  const body = table(
    [right("length"), right("tokens"), right("perplexity"), ...shown.map(([heading]) => right(heading))],
    rows.map((row) => [
      String(row.length),
      String(row.tokens),
      measured(row.model),
      ...shown.map(([, cell]) => cell(row)),
    ]),
  );
  return beyond ? `${body}\n* beyond the teacher's own context: marked, not compared` : body;
}

function taskTable(rows: EvaluateDocument["tasks"]): string {
  if (rows.length === 0) return "";
  const teacher = rows.some((row) => row.teacher !== null);
  return table(
    [
      { heading: "task" },
      { heading: "metric" },
      right("rows"),
      right("score"),
      right("±"),
      ...(teacher ? [right("teacher")] : []),
    ],
    rows.map((row) => [
      row.name,
      row.metric,
      String(row.n),
      measured(row.model),
      measured(row.stderr, 2),
      ...(teacher ? [measured(row.teacher)] : []),
    ]),
  );
}
