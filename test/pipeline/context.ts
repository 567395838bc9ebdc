/** A context for verbs in tests: it remembers what was reported. */
import type { Context } from "../../src/pipeline/contract.ts";

/** What a verb reported. */
export interface Report {
  readonly context: Context;
  readonly stages: { readonly name: string; done: number; ended: number }[];
  readonly warnings: string[];
}

/** A context whose signal is `signal` (default: one that is never aborted). */
export function recordingContext(signal: AbortSignal = new AbortController().signal): Report {
  const stages: Report["stages"] = [];
  const warnings: string[] = [];
  const stage = (name: string) => {
    const record = { name, done: 0, ended: 0 };
    stages.push(record);
    return {
      update: ({ done }: { readonly done: number }) => {
        record.done = done;
      },
      end: () => {
        record.ended++;
      },
    };
  };
  const reporter = { stage, note: () => {}, warn: (message: string) => void warnings.push(message) };
  return { context: { reporter, signal }, stages, warnings };
}

/** A context that stops a verb with "stopped" at the given update of its stages' progress, evaluations apart. */
export function stoppingContext(updates: number): Context {
  const abort = new AbortController();
  const { context } = recordingContext(abort.signal);
  let seen = 0;
  const stage: typeof context.reporter.stage = (name, total) => {
    const inner = context.reporter.stage(name, total);
    return {
      ...inner,
      update: (update) => {
        inner.update(update);
        if (name !== "evaluate" && ++seen === updates) abort.abort(new Error("stopped"));
      },
    };
  };
  return { ...context, reporter: { ...context.reporter, stage } };
}
