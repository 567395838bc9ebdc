/** Task scores as a part of the report page. */
import { htmlTable } from "../html.ts";

/** A task's score by one metric, as `evaluate` measures it; null: not measured. */
export interface TaskReportRow {
  readonly name: string;
  readonly group: string | null;
  readonly metric: string;
  readonly n: number;
  readonly chance: number;
  readonly model: number | null;
  readonly stderr: number | null;
  readonly teacher: number | null;
  readonly margin_kept: number | null;
  readonly window_only: number | null;
  readonly linear_only: number | null;
  readonly neither: number | null;
}

const heads = [
  ...["task", "metric", "rows", "chance", "converted", "±", "teacher", "margin kept"],
  ...["window only", "linear only", "neither"],
];

/** A heading and a table; nothing where no task was scored. Parts of a task stand folded below. */
export function taskSection(rows: readonly TaskReportRow[]): string {
  if (rows.length === 0) return "";
  const [whole, parts] = [rows.filter(({ group }) => group === null), rows.filter(({ group }) => group !== null)];
  const folded = `<details><summary>Parts</summary>${htmlTable(heads, parts.map(cellsOf))}</details>`;
  return `<h2>Tasks</h2>
<p>Margin kept is what is left of the teacher's margin over chance, where it has a clear one.</p>
${htmlTable(heads, whole.map(cellsOf))}
${parts.length === 0 ? "" : folded}`;
}

function cellsOf(row: TaskReportRow): (string | number | null)[] {
  const kept = row.margin_kept === null ? null : `${(100 * row.margin_kept).toFixed(1)} %`;
  const scores = [row.n, row.chance, row.model, row.stderr, row.teacher];
  return [row.name, row.metric, ...scores, kept, row.window_only, row.linear_only, row.neither];
}
