/** The memory of this process between two moments, where the system tells. */
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The most memory occupied since `forgetPeak`, in bytes, as Linux counts it; undefined on other systems. */
function peakSince(): number | undefined {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return found === null ? undefined : Number(found[1]) * 1024;
}

/** Sets the peak back to what is occupied now, and returns it; undefined where the system cannot. */
function forgetPeak(): number | undefined {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return peakSince();
  } catch {
    return undefined;
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
  const before = forgetPeak();
  const result = await work();
  const after = before === undefined ? undefined : peakSince();
  return { result, bytes: before === undefined || after === undefined ? null : Math.max(0, after - before) };
}
