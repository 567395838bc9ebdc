/** Where the shared test data lies, and tests that need it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";

/** A folder of golden files, which an environment variable names. */
export interface GoldenFolder {
  /** Undefined where it is not set. */
  folder(): string | undefined;
  /** A path below the folder; only called inside `test`. */
  path(...parts: string[]): string;
  /** A test on what lies there: skipped, with the reason in its name, where the folder is absent. */
  test(name: string, body: () => void | Promise<void>, timeout?: number): void;
}

function goldenFolder(variable: string): GoldenFolder {
  const folder = () => {
    const named = process.env[variable];
    return named !== undefined && existsSync(named) ? named : undefined;
  };
  return {
    folder,
    path: (...parts) => {
      const found = folder();
      if (found === undefined) throw new Error(`${variable} is not set`);
      return join(found, ...parts);
    },
    test: (name, body, timeout) => {
      if (folder() === undefined) test.skip(`${name} (${variable} is not set)`, () => {});
      else test(name, body, timeout);
    },
  };
}

const shared = goldenFolder("SUBQUAD_DATA");

/** The folder of golden files named by `SUBQUAD_DATA`, or undefined where it is not set. */
export const dataFolder = shared.folder;

/** A path below the data folder; only called inside `dataTest`. */
export const dataPath = shared.path;

/** A test on the shared data: skipped, with the reason in its name, where the data is absent. */
export const dataTest = shared.test;

/** Checkpoints of further families in the folder named by `SUBQUAD_GOLDENS`. */
export const goldens = goldenFolder("SUBQUAD_GOLDENS");
