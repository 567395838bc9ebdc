/** Where the shared test data lies, and tests that need it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";

/** The folder of golden files named by `SUBQUAD_DATA`, or undefined where it is not set. */
export function dataFolder(): string | undefined {
  const folder = process.env.SUBQUAD_DATA;
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}

/** A path below the data folder; only called inside `dataTest`. */
export function dataPath(...parts: string[]): string {
  const folder = dataFolder();
  if (folder === undefined) throw new Error("SUBQUAD_DATA is not set");
  return join(folder, ...parts);
}

/** A test on the shared data: skipped, with the reason in its name, where the data is absent. */
export function dataTest(name: string, body: () => void | Promise<void>, timeout?: number): void {
  if (dataFolder() === undefined) test.skip(`${name} (SUBQUAD_DATA is not set)`, () => {});
  else test(name, body, timeout);
}
