/** Damaged checkpoint files: runs the test that makes 200 of each kind. */
import { spawnSync } from "node:child_process";
import type { BenchOptions } from "./common.ts";

/** Shows the test's own report. */
export async function corrupted(_options: BenchOptions): Promise<void> {
  const { status } = spawnSync("npx", ["vitest", "run", "test/formats/corrupted.test.ts"], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
