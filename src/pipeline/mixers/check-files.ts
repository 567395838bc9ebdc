/** `mixers check`: golden files, each checked whatever becomes of the others. */
import { createEngine } from "../../runtime/index.ts";
import type { CheckMixersOptions, MixersCheckDocument, Verb } from "../contract.ts";
import { defaultThreads } from "../threads.ts";
import { checkGolden, type FileCheck, type FormErrors, passes } from "./golden-check.ts";

type FileRow = MixersCheckDocument["files"][number];

/** Checks golden files; what is wrong with one stands in its row. Rejects with the signal's reason when it is aborted. */
export const checkMixers: Verb<CheckMixersOptions, MixersCheckDocument> = async (options, { reporter, signal }) => {
  const { files, threads = defaultThreads() } = options;
  const engine = createEngine({ threads });
  const progress = reporter.stage("check", { steps: files.length });
  try {
    const rows: FileRow[] = [];
    for (const file of files) {
      signal.throwIfAborted();
      const check = await checkGolden(file, engine).catch((error: unknown) => messageOf(error, file));
      rows.push(typeof check === "string" ? failed(file, check) : checked(check));
      progress.update({ done: rows.length });
    }
    return { files: rows };
  } finally {
    progress.end();
    await engine.release();
  }
};

/** What went wrong, without the file's name before it: that stands in the row. */
function messageOf(error: unknown, file: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
}

function failed(file: string, error: string): FileRow {
  return { file, oracle: null, preset: null, passed: false, error, tolerance: null, because: null, forms: [] };
}

function checked(check: FileCheck): FileRow {
  const { file, oracle, preset, tolerance, because = null, forms } = check;
  const rows = forms.map((form) => formRow(form, passes({ ...check, forms: [form] })));
  return { file, oracle, preset, passed: passes(check), error: null, tolerance, because, forms: rows };
}

function formRow(errors: FormErrors, passed: boolean): FileRow["forms"][number] {
  const { form, dtype } = errors;
  const parts = { output: errors.output, state: errors.state, gradients: errors.gradients };
  const broken = Object.entries(parts).flatMap(([name, error]) =>
    error === null || Number.isFinite(error) ? [] : [name],
  );
  const fault = broken.length === 0 ? null : `not finite: ${broken.join(", ")}`;
  const finite = (error: number | null) => (error !== null && Number.isFinite(error) ? error : null);
  return {
    ...{ form, dtype },
    ...{ output: finite(parts.output), state: finite(parts.state), gradients: finite(parts.gradients) },
    ...{ passed, fault },
  };
}
