/** Results as lm-evaluation-harness writes them (version 0.4, `results_*.json`), for tools that read its files. */
import type { TaskResult } from "./results.ts";
import type { Metric } from "./task.ts";

/** What the file says of the run. */
export interface RunRecord {
  /** The model, as the user called it. */
  readonly model: string;
  readonly parameters: number;
  /** Tokens of the model's context. */
  readonly context: number;
  readonly limit: number | undefined;
  readonly threads: number;
  /** When it began. */
  readonly began: Date;
  readonly seconds: number;
  /** This program's version. */
  readonly version: string;
}

/** The version of the protocol that the scores were made by: one of the harness's for each of its own task files. */
const protocolVersion = 1;

/** The harness writes this where there is no standard error. */
const notAvailable = "N/A";

/** The document of a run. */
export function lmEvalDocument(results: readonly TaskResult[], run: RunRecord): Readonly<Record<string, unknown>> {
  const groups = results.filter(({ tasks, name }) => tasks[0]?.name !== name);
  const single = results.filter((result) => !groups.includes(result));
  const byName = <Value>(of: (result: TaskResult) => Value, from = results) =>
    Object.fromEntries(from.map((result) => [result.name, of(result)]));
  const { model, parameters, context, limit, threads, began, seconds, version } = run;
  return {
    results: byName(metricsOf),
    ...(groups.length > 0 && { groups: byName(metricsOf, groups) }),
    group_subtasks: {
      ...byName(
        () => [],
        single.filter(({ group }) => group === null),
      ),
      ...byName(({ tasks }) => tasks.map(({ name }) => name), groups),
    },
    configs: byName(configOf, single),
    versions: byName(() => protocolVersion),
    "n-shot": byName(({ tasks }) => tasks[0]?.shots ?? 0),
    higher_is_better: byName(({ metrics }) => Object.fromEntries(metrics.map((metric) => [metric, true]))),
    "n-samples": byName(({ tasks, n }) => ({ original: tasks[0]?.rows ?? n, effective: n }), single),
    config: {
      model: "subquad",
      model_args: `pretrained=${model}`,
      model_num_parameters: parameters,
      model_dtype: "float32",
      batch_size: null,
      batch_sizes: [],
      device: "cpu",
      use_cache: null,
      limit: limit ?? null,
      bootstrap_iters: 0,
      gen_kwargs: null,
      threads,
    },
    git_hash: null,
    date: began.getTime() / 1000,
    max_length: context,
    model_source: "subquad",
    model_name: model,
    model_name_sanitized: model.replaceAll(/[^\w.-]+/g, "__"),
    system_instruction: null,
    fewshot_as_multiturn: false,
    chat_template: null,
    task_hashes: {},
    subquad_version: version,
    total_evaluation_time_seconds: String(seconds),
  };
}

function metricsOf({ name, group, n, metrics, scores }: TaskResult): Record<string, unknown> {
  const figures: Record<string, unknown> = {
    name,
    alias: group === null ? name : name.slice(group.length + 1),
    sample_len: n,
  };
  for (const metric of metrics) {
    const score = scores.get(metric);
    figures[`${metric},none`] = finite(score?.value, null);
    figures[`${metric}_stderr,none`] = finite(score?.error, notAvailable);
  }
  return figures;
}

const finite = (value: number | undefined, otherwise: unknown) =>
  value !== undefined && Number.isFinite(value) ? value : otherwise;

function configOf({ name, tasks, metrics }: TaskResult): Record<string, unknown> {
  const entry = (metric: Metric) => ({ metric, aggregation: "mean", higher_is_better: true });
  return {
    task: name,
    dataset_path: tasks[0]?.path,
    output_type: "multiple_choice",
    target_delimiter: " ",
    fewshot_delimiter: "\n\n",
    num_fewshot: tasks[0]?.shots ?? 0,
    repeats: 1,
    metric_list: metrics.map(entry),
    metadata: { version: protocolVersion },
  };
}
