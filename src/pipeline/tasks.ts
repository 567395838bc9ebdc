/** The tasks part of `evaluate`: multiple-choice tasks on the model, its teacher and its ablations. */
import { SubquadError } from "../errors.ts";
import { lmEvalDocument, type RunRecord } from "../evaluation/tasks/lm-eval.ts";
import { logProbabilities } from "../evaluation/tasks/log-probabilities.ts";
import { readTasks } from "../evaluation/tasks/read.ts";
import { RequestEncoder } from "../evaluation/tasks/requests.ts";
import { marginKept, type TaskResult, taskResults } from "../evaluation/tasks/results.ts";
import { type TaskScores, taskScores } from "../evaluation/tasks/score.ts";
import type { Task } from "../evaluation/tasks/task.ts";
import { parameterCount } from "../families/index.ts";
import type { Tokenizer } from "../formats/tokenizer/tokenizer.ts";
import { ForwardPass } from "../inference/forward.ts";
import type { Engine } from "../runtime/index.ts";
import type { Context, EvaluateDocument, EvaluateOptions } from "./contract.ts";
import type { OpenModel } from "./open-model.ts";
import { writeJson } from "./save-model.ts";
import { figures, type Variant, type VariantName } from "./variants.ts";
import { versions } from "./versions.ts";

/** Reads the tasks that the options name; none where they name none. */
export async function planTasks({ tasks = [], taskData, limit, lmEvalJson }: EvaluateOptions): Promise<Task[]> {
  if (tasks.length === 0) {
    if (lmEvalJson === undefined) return [];
    throw new SubquadError("--lm-eval-json: there are no task scores to write; name tasks with --tasks");
  }
  if (taskData === undefined) {
    throw new SubquadError("--tasks: say with --task-data DIR where the task files lie, or set SUBQUAD_TASK_DATA");
  }
  return await readTasks({ folder: taskData, names: tasks, limit });
}

/** A variant with the tokenizer that its model reads by. */
export type Reader = Variant & { readonly tokenizer: Pick<Tokenizer, "encode"> };

/** The results of each variant, in the order of the tasks. */
export type TaskComparison = ReadonlyMap<VariantName, readonly TaskResult[]>;

/** The models that a verb has opened, and what is compared of them. */
export interface Opened {
  readonly opened: OpenModel;
  readonly teacher: OpenModel | undefined;
  readonly variants: readonly Variant[];
}

/** Scores tasks, writes the file for other tools where one is wanted, and returns the document's rows. */
export async function scoreTasks(
  engine: Engine,
  tasks: readonly Task[],
  { opened, teacher, variants }: Opened,
  { lmEvalJson, limit }: EvaluateOptions,
  context: Context,
): Promise<EvaluateDocument["tasks"]> {
  if (tasks.length === 0) return [];
  const began = new Date();
  const readers = variants.map((variant) => {
    const source = variant.name === "teacher" ? (teacher ?? opened) : opened;
    return { ...variant, tokenizer: source.tokenizer };
  });
  const compared = await measureTasks(engine, tasks, { readers, context });
  if (lmEvalJson !== undefined) {
    const { architecture } = opened.model;
    const run: RunRecord = {
      model: opened.name,
      parameters: parameterCount(architecture),
      context: architecture.context,
      limit,
      threads: engine.threads,
      began,
      seconds: (Date.now() - began.getTime()) / 1000,
      version: versions().subquad ?? "unknown",
    };
    await writeJson(lmEvalJson, lmEvalDocument(compared.get("model") ?? [], run));
    context.reporter.note(`task scores written to ${lmEvalJson}`);
  }
  return taskRows(compared);
}

/** Scores tasks by every variant. */
export async function measureTasks(
  engine: Engine,
  tasks: readonly Task[],
  { readers, context }: { readonly readers: readonly Reader[]; readonly context: Context },
): Promise<TaskComparison> {
  const rows = tasks.reduce((sum, { questions }) => sum + questions.length, 0);
  const progress = context.reporter.stage("tasks", { rows: rows * readers.length });
  const compared = new Map<VariantName, TaskResult[]>();
  let before = 0;
  try {
    for (const reader of readers) {
      const forward = new ForwardPass(engine, reader.model, reader.ablation);
      const encoder = new RequestEncoder(reader.tokenizer, reader.model.architecture.context);
      const scores: TaskScores[] = [];
      let cut = 0;
      for (const task of tasks) {
        const count = task.questions.length;
        const requests = task.questions.map((question) => encoder.encode(question));
        cut += requests.filter((answers) => answers.some((answer) => answer.cut > 0)).length;
        const update = (share: number) => progress.update({ done: before + share * count });
        const options = { signal: context.signal, progress: update };
        scores.push(taskScores(task, await logProbabilities(forward, requests, options)));
        before += count;
        // Programs of one task and variant hardly serve another.
        await engine.release();
      }
      warnOfCuts(reader, [cut, rows], context);
      compared.set(reader.name, taskResults(tasks, scores));
    }
  } finally {
    progress.end();
  }
  return compared;
}

/** Warns where rows did not fit into a model's context. */
function warnOfCuts({ name, model }: Reader, [rows = 0, of = 0]: readonly number[], { reporter }: Context): void {
  if (rows === 0 || (name !== "model" && name !== "teacher")) return;
  const { context } = model.architecture;
  reporter.warn(`${rows} of ${of} rows of tasks lose their beginning to the ${name}'s context of ${context} tokens`);
}

/** The rows of the document. */
export function taskRows(compared: TaskComparison): EvaluateDocument["tasks"] {
  return (compared.get("model") ?? []).flatMap(({ name, group, n, chance, metrics, scores }, index) =>
    metrics.map((metric) => {
      const of = (variant: VariantName) => compared.get(variant)?.[index]?.scores.get(metric);
      const values = [...compared.keys()].map((variant) => [variant, finite(of(variant)?.value)] as const);
      const [model, teacher] = [scores.get(metric)?.value, of("teacher")];
      const kept = model === undefined || teacher === undefined ? null : marginKept(model, teacher, chance);
      return {
        name,
        group,
        metric,
        n,
        ...figures(Object.fromEntries(values)),
        stderr: finite(scores.get(metric)?.error),
        teacher_stderr: finite(teacher?.error),
        chance,
        margin_kept: finite(kept ?? undefined),
      };
    }),
  );
}

const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null);
