/** The scores of all tasks, those made of parts together with their parts. */
import { pooledScore, type Score, type TaskScores } from "./score.ts";
import { chanceOf, type Metric, type Task } from "./task.ts";

/** A task that was scored, or several that make one. */
export interface TaskResult {
  readonly name: string;
  /** The task of which it is a part. */
  readonly group: string | null;
  /** The tasks that were scored: itself, or its parts. */
  readonly tasks: readonly Task[];
  readonly metrics: readonly Metric[];
  /** The score of choosing at random. */
  readonly chance: number;
  /** Rows that were scored. */
  readonly n: number;
  readonly scores: TaskScores;
}

/** The results of tasks in their order; before the first part of a task made of parts, that of the whole. */
export function taskResults(tasks: readonly Task[], scores: readonly TaskScores[]): TaskResult[] {
  const own = tasks.map((task, index): TaskResult => {
    const { name, group, metrics, questions } = task;
    const result = { name, group, metrics, tasks: [task], chance: chanceOf(questions), n: questions.length };
    return { ...result, scores: scores[index] ?? new Map() };
  });
  return own.flatMap((result, index) => {
    const { group } = result;
    if (group === null || own.findIndex((each) => each.group === group) < index) return [result];
    return [
      whole(
        group,
        own.filter((each) => each.group === group),
      ),
      result,
    ];
  });
}

function whole(name: string, parts: readonly TaskResult[]): TaskResult {
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const metrics = (parts[0]?.metrics ?? []).filter((metric) => parts.every((part) => part.scores.has(metric)));
  const pooled = metrics.map((metric): [Metric, Score] => {
    return [metric, pooledScore(parts.flatMap(({ scores }) => scores.get(metric) ?? []))];
  });
  return {
    name,
    group: null,
    tasks: parts.flatMap(({ tasks }) => tasks),
    metrics,
    chance: parts.reduce((sum, part) => sum + part.chance * part.n, 0) / n,
    n,
    scores: new Map(pooled),
  };
}

/** How many standard errors a teacher must be above chance for its margin to be shared out. */
const leastErrors = 2;

/**
 * The share of a teacher's margin over chance that a model keeps: 0 at chance, 1 where it is as good. Null where the teacher
 * is not clearly above chance itself.
 */
export function marginKept(model: number, teacher: Score, chance: number): number | null {
  const margin = teacher.value - chance;
  return margin > leastErrors * teacher.error ? (model - chance) / margin : null;
}
