/** The memory of this process between two moments, where the system tells. */
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { peakProcessMemory } from "./engine.ts";

/** Forgets the most memory that was occupied so far; false where the system cannot (it is Linux that can). */
function forgetPeak(): boolean {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return readFileSync("/proc/self/status", "utf8").includes("VmHWM");
  } catch {
    return false;
  }
}

/** Frees what nobody holds any more, so that it is not mistaken for memory in use. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}

/** Runs work and returns its result with the memory it took beyond what was occupied before; null where that is not known. */
export async function withMemory<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly bytes: number | null }> {
  collectGarbage();
  const before = process.memoryUsage.rss();
  const known = forgetPeak();
  const result = await work();
  return { result, bytes: known ? Math.max(0, peakProcessMemory() - before) : null };
}
