/** An evaluation as tables: the model beside its teacher and its ablations. */
import type { EvaluateDocument } from "../../pipeline/contract.ts";
import { measured, percent } from "../../units.ts";
import { blocks, type Column, table } from "../output.ts";

const right = (heading: string): Column => ({ heading, align: "right" });

/** The tables of an evaluation. */
export function evaluateText(document: EvaluateDocument): string {
  return blocks(
    document.against === null ? document.model : `${document.model} against ${document.against}`,
    perplexityTable(document.perplexity),
    positionTable(document.by_position),
    taskTable(document.tasks),
    recallTable(document.recall),
    document.linear_share === null
      ? ""
      : `${percent(document.linear_share)} of the layers' output comes from the linear part.`,
  );
}

const variants = [
  ["teacher", "teacher"],
  ["window_only", "window only"],
  ["linear_only", "linear only"],
  ["neither", "neither"],
] as const;

type Figures = Readonly<Record<(typeof variants)[number][0], number | null>>;

/** The columns of the variants that were measured at all. */
function measuredVariants(rows: readonly Figures[]) {
  return variants.filter(([name]) => rows.some((row) => row[name] !== null));
}

function positionTable(rows: EvaluateDocument["by_position"]): string {
  // One span says no more than the perplexity of the whole window.
  if (rows.length < 2) return "";
  const shown = measuredVariants(rows);
  return table(
    [right("places"), right("perplexity"), ...shown.map(([, heading]) => right(heading))],
    rows.map((row) => [
      `${row.from}–${row.to - 1}`,
      measured(row.model),
      ...shown.map(([name]) => measured(row[name])),
    ]),
  );
}

type RecallRow = EvaluateDocument["recall"][number];

/** Every metric of all answers together, and one metric of each group: the rest is in the document. */
function recallTable(rows: EvaluateDocument["recall"]): string {
  if (rows.length === 0) return "";
  const grouped = (row: RecallRow) => (row.distance ?? row.depth ?? row.examples) !== null;
  const chosen = rows.filter((row) => !grouped(row) || row.metric === mainMetric(rows, row.name));
  const shown = measuredVariants(rows);
  const beyond = chosen.some((row) => row.beyond_teacher_context);
  const guessed = chosen.some((row) => row.baseline !== null);
  const cell = (row: RecallRow, name: keyof Figures) =>
    `${measured(row[name], 3)}${name === "teacher" && row.beyond_teacher_context ? "*" : ""}`;
  const body = table(
    [
      { heading: "recall" },
      right("length"),
      { heading: "asked of" },
      { heading: "metric" },
      right("answers"),
      right("model"),
      ...shown.map(([, heading]) => right(heading)),
      ...(guessed ? [right("guess")] : []),
    ],
    chosen.map((row) => [
      row.name,
      String(row.length),
      groupText(row),
      row.metric.replaceAll("_", " "),
      String(row.n),
      measured(row.model, 3),
      ...shown.map(([name]) => cell(row, name)),
      ...(guessed ? [measured(row.baseline, 3)] : []),
    ]),
  );
  return beyond ? `${body}\n* beyond the teacher's own context: marked, not measured` : body;
}

function mainMetric(rows: EvaluateDocument["recall"], name: string): RecallRow["metric"] {
  const numbers = rows.some((row) => row.name === name && row.metric === "relative_error");
  return numbers ? "relative_error" : "exact_match";
}

function groupText({ distance, depth, examples }: RecallRow): string {
  if (distance !== null) return `${distance.from}–${distance.to - 1} tokens back`;
  if (depth !== null) return `depth ${percent(depth)}`;
  if (examples === null) return "all";
  return `${examples.to - examples.from === 1 ? examples.from : `${examples.from}–${examples.to - 1}`} examples`;
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

/** Tasks and what chance would give; of a task made of parts the whole only: its parts are in the document. */
function taskTable(all: EvaluateDocument["tasks"]): string {
  const rows = all.filter(({ group }) => group === null);
  if (rows.length === 0) return "";
  const shown = measuredVariants(rows);
  const compared = rows.some(({ teacher }) => teacher !== null);
  const body = table(
    [
      { heading: "task" },
      { heading: "metric" },
      right("rows"),
      right("chance"),
      right("score"),
      right("±"),
      ...shown.map(([, heading]) => right(heading)),
      ...(compared ? [right("margin kept")] : []),
    ],
    rows.map((row) => [
      row.name,
      row.metric,
      String(row.n),
      measured(row.chance, 3),
      measured(row.model),
      measured(row.stderr, 2),
      ...shown.map(([name]) => measured(row[name])),
      ...(compared ? [row.margin_kept === null ? "–" : percent(row.margin_kept)] : []),
    ]),
  );
  return compared
    ? `${body}\nmargin kept: what is left of the teacher's margin over chance, where it has a clear one`
    : body;
}
