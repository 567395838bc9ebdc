/** `npm run verify`: the promises that need the shared data or minutes of work, each printed with its bar. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = process.env.SUBQUAD_DATA;
if (folder === undefined || !existsSync(folder)) {
  console.error("verify needs the shared data: set SUBQUAD_DATA to its folder");
  process.exit(1);
}

/** One benchmark's rows must all satisfy its bar. */
interface Guarantee {
  readonly name: string;
  readonly args: readonly string[];
  readonly bar: string;
  readonly holds: (row: Readonly<Record<string, unknown>>) => boolean;
}

const number = (value: unknown) => (typeof value === "number" ? value : Number.NaN);

/** Standard errors of scores a row apart differ in the fourth digit behind the point. */
const stderrAgrees = (row: Readonly<Record<string, unknown>>) =>
  Math.abs(number(row.stderr) - number(row.reference_stderr)) < 2e-4;

const promises: readonly Guarantee[] = [
  {
    name: "teacher",
    args: [],
    bar: "ids equal, ten top logits within 2e-3, perplexity within 0.02 %",
    holds: (row) =>
      row.prompt === undefined
        ? number(row.relative_error) < 2e-4
        : row.same_ids === true && number(row.worst_logit_error) < 2e-3,
  },
  {
    name: "tasks",
    args: [],
    bar: "right answers within 1 of 500 of lm-evaluation-harness's, by either metric of each task",
    holds: (row) => row.n === 500 && number(row.rows_apart) <= 1 && stderrAgrees(row),
  },
  {
    name: "stories",
    args: [],
    bar: "stories260K near its reference of 1.2866 nats per token",
    holds: (row) => Math.abs(number(row.nats_per_token) - 1.2866) < 0.05,
  },
  {
    name: "tiny",
    args: [],
    bar: "recall of facts from beyond 256 bytes at least 80 %",
    holds: (row) => number(row.recall) >= 0.8,
  },
  {
    name: "killed",
    args: ["--runs", "20"],
    bar: "20 kills, the same losses to the last bit, the same files",
    holds: (row) => row.same_losses === true && row.same_files === true && number(row.kills) === 20,
  },
];

const bench = fileURLToPath(new URL("./run.ts", import.meta.url));
let broken = 0;
for (const { name, args, bar, holds } of promises) {
  console.log(`\n${name}: ${bar}`);
  const { stdout, status } = spawnSync("npx", ["tsx", bench, name, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const rows = stdout.split("\n").filter((line) => line.startsWith("{"));
  for (const line of rows) {
    const kept = holds(JSON.parse(line) as Record<string, unknown>);
    if (!kept) broken++;
    console.log(`${kept ? "holds" : "FAILS"}  ${line}`);
  }
  if (status !== 0 || rows.length === 0) broken++;
}
process.exitCode = broken === 0 ? 0 : 1;
