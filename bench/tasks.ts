/** Task scores of the teacher beside those of lm-evaluation-harness, row by row counted. */
import { readFileSync } from "node:fs";
import { readTasks } from "../src/evaluation/tasks/read.ts";
import { measureTasks, type Reader } from "../src/pipeline/tasks.ts";
import { createEngine } from "../src/runtime/index.ts";
import type { BenchOptions } from "./common.ts";
import { data, number, openTeacher, print } from "./common.ts";

type Reference = Readonly<Record<string, number>>;

/** Rows of each task that the reference scores are of. */
const referenceRows = 500;

/**
 * One line for each task and metric: `--tasks a,b` (default: those of the reference), `--limit N` (default: as many rows as
 * the reference has). Beside another number of rows, another task or another model there is no reference.
 */
export async function tasks(options: BenchOptions): Promise<void> {
  const { tasks: all } = JSON.parse(readFileSync(data(options, "smollm2", "tasks.json"), "utf8")) as {
    readonly tasks: Readonly<Record<string, Reference>>;
  };
  const names = options.tasks?.split(",") ?? Object.keys(all);
  const limit = number(options, "limit", referenceRows);
  const opened = await openTeacher(options);
  const engine = createEngine({ threads: number(options, "threads", 2) });
  const readers: Reader[] = [{ name: "model", model: opened.model, ablation: {}, tokenizer: opened.tokenizer }];
  const signal = new AbortController().signal;
  const stage = () => ({ update: () => {}, end: () => {} });
  const context = { signal, reporter: { stage, note: console.error, warn: console.error } };
  for (const name of names) {
    const read = await readTasks({ folder: data(options, "tasks"), names: [name], limit });
    const began = performance.now();
    const [result] = (await measureTasks(engine, read, { readers, context })).get("model") ?? [];
    const seconds = (performance.now() - began) / 1000;
    if (result === undefined) throw new Error(`${name} was not scored`);
    for (const metric of result.metrics) {
      const { value = Number.NaN, error } = result.scores.get(metric) ?? {};
      const reference = options.model === undefined && all[name]?.n === result.n ? all[name]?.[metric] : undefined;
      print({
        task: name,
        metric,
        n: result.n,
        score: value,
        stderr: error,
        reference: reference ?? null,
        reference_stderr: reference === undefined ? null : all[name]?.[`${metric}_stderr`],
        rows_apart: reference === undefined ? null : Math.round(Math.abs(value - reference) * result.n),
        rows_per_second: result.n / seconds,
        peak_gib: process.resourceUsage().maxRSS / 2 ** 20,
      });
    }
  }
  await engine.release();
}
