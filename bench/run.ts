/** `npm run bench -- NAME [--option value…]`: measurements that are too long for tests. */
import { parseArgs } from "node:util";
import { chunked } from "./chunked.ts";
import type { BenchOptions } from "./common.ts";
import { corrupted } from "./corrupted.ts";
import { decode } from "./decode.ts";
import { killed } from "./killed.ts";
import { mixers } from "./mixers.ts";
import { quality } from "./quality.ts";
import { speed } from "./speed.ts";
import { stories } from "./stories.ts";
import { tasks } from "./tasks.ts";
import { teacher } from "./teacher.ts";
import { timeToLoss } from "./time-to-loss.ts";
import { tiny } from "./tiny.ts";

const benchmarks: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  teacher,
  tasks,
  stories,
  tiny,
  speed,
  "time-to-loss": timeToLoss,
  quality,
  decode,
  killed,
  corrupted,
  mixers,
  chunked,
};

const names = [
  "data",
  "python",
  "peers",
  "peer-model",
  "stage",
  "length",
  "batch",
  "threads",
  "steps",
  "products",
  "tokens",
  "model",
  "runs",
  "output",
  "settings",
  "recompute",
  "recipe",
  "presets",
  "lengths",
  "heads",
  "dim",
  "repeats",
  "memory",
  "tasks",
  "limit",
];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
});
const benchmark = benchmarks[positionals[0] ?? ""];
if (benchmark === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join("|")} [--option value…]`);
  process.exit(2);
}
await benchmark({ data: process.env.SUBQUAD_DATA, ...values });
