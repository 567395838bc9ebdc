/** From log-probabilities to scores, with the reference harness's formulas. */
import type { Metric, Question, Task } from "./task.ts";

/** A score over rows. */
export interface Score {
  /** Rows that were scored. */
  readonly n: number;
  /** Share of rows answered right; NaN where a log-probability is no number. */
  readonly value: number;
  /** Standard error of the mean: the sample's deviation (n − 1) over √n; NaN for a single row. */
  readonly error: number;
}

/** For each row whether it was answered right: 1 or 0; NaN where a log-probability is no number. */
export function rightAnswers(
  metric: Metric,
  questions: readonly Question[],
  sums: readonly (readonly number[])[],
): number[] {
  return questions.map(({ answers, gold }, row) => {
    const values = answers.map(({ characters }, index) => {
      const sum = sums[row]?.[index] ?? Number.NaN;
      return metric === "acc" ? sum : sum / characters;
    });
    if (values.some(Number.isNaN)) return Number.NaN;
    // The first of equal ones is chosen.
    return values.indexOf(Math.max(...values)) === gold ? 1 : 0;
  });
}

/** The mean of what was right, and its standard error. */
export function scoreOf(right: readonly number[]): Score {
  const n = right.length;
  const value = right.reduce((sum, each) => sum + each, 0) / n;
  const squares = right.reduce((sum, each) => sum + (each - value) ** 2, 0);
  return { n, value, error: Math.sqrt(squares / (n - 1) / n) };
}

/** The scores of a task by metric. */
export type TaskScores = ReadonlyMap<Metric, Score>;

/** The scores of a task from its answers' log-probabilities. */
export function taskScores(
  { metrics, questions }: Pick<Task, "metrics" | "questions">,
  sums: readonly (readonly number[])[],
): TaskScores {
  return new Map(metrics.map((metric) => [metric, scoreOf(rightAnswers(metric, questions, sums))]));
}

/** The score of a task made of parts: their mean by rows, with the pooled standard error. */
export function pooledScore(parts: readonly Score[]): Score {
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const value = parts.reduce((sum, part) => sum + part.value * part.n, 0) / n;
  // Of the parts' own deviations: differences between their means do not count.
  const squares = parts.reduce((sum, part) => sum + (part.n - 1) * part.error ** 2 * part.n, 0);
  return { n, value, error: Math.sqrt(squares / (n - parts.length) / n) };
}
