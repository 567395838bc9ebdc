/** `evaluate --tasks`: rows of every variant from the built-in model, against one answer at a time. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readTasks } from "../../src/evaluation/tasks/read.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { parseMixer } from "../../src/mixers/index.ts";
import { type EvaluateOptions, evaluateSchema, taskRowSchema } from "../../src/pipeline/contract.ts";
import { evaluate } from "../../src/pipeline/evaluate.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { measureTasks, planTasks, taskRows } from "../../src/pipeline/tasks.ts";
import { variantsOf } from "../../src/pipeline/variants.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { put, temporaryFolder } from "../formats/temporary.ts";
import { recordingContext } from "./context.ts";

const { model: tiny, tokenizer } = await openModel("tiny");
const engine = createEngine({ threads: 1 });
afterAll(() => engine.release());

const folder = temporaryFolder();
const jsonLines = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const words = ["whale", "ship", "sea", "old man", "it was the captain", "qzx"];
put(
  folder,
  "choices.jsonl",
  jsonLines(
    Array.from({ length: 10 }, (_unused, row) => ({
      query: `${row % 2 === 0 ? "Question: " : ""}What did they see from the ${words[row % 4]}?`,
      choices: [words[row % 6], words[(row + 1) % 6], words[(row + 3) % 6]],
      gold: row % 3,
    })),
  ),
);
const exam = (subject: string, row: number) => ({
  question: `Which is number ${row}?`,
  subject,
  choices: words.slice(0, 4),
  answer: row % 4,
});
for (const subject of ["law", "art"]) {
  mkdirSync(join(folder, "exams", subject), { recursive: true });
  put(folder, `exams/${subject}/dev.jsonl`, jsonLines([0, 1, 2, 3, 4].map((row) => exam(subject, row))));
  const count = subject === "law" ? 3 : 5;
  put(
    folder,
    `exams/${subject}/test.jsonl`,
    jsonLines(Array.from({ length: count }, (_unused, row) => exam(subject, row))),
  );
}

const base: EvaluateOptions = { model: "tiny", maxTokens: 1024, ablations: false, taskData: folder, threads: 1 };

/** The share of rows answered right, each answer scored by a forward pass of its own; long contexts end with the model's. */
async function naive(name: string, normalized: boolean): Promise<number> {
  const [task] = await readTasks({ folder, names: [name] });
  const forward = new ForwardPass(engine, tiny);
  let right = 0;
  for (const { answers, gold } of task?.questions ?? []) {
    const scores: number[] = [];
    for (const { context, continuation, characters } of answers) {
      const ids = tokenizer.encode(context + continuation).slice(-tiny.architecture.context - 1);
      const read = ids.slice(0, -1);
      const count = tokenizer.encode(continuation).length;
      // The last token's loss needs a target of its own: the pass reads all but it.
      const { data } = await forward.hidden({ ids: read, batch: 1, length: read.length });
      const width = tiny.architecture.hiddenSize;
      const losses = await forward.tokenLosses(data.subarray((read.length - count) * width), ids.slice(-count));
      scores.push(-losses.reduce((sum, loss) => sum + loss, 0) / (normalized ? characters : 1));
    }
    if (scores.indexOf(Math.max(...scores)) === gold) right++;
  }
  return right / (task?.questions.length ?? 0);
}

describe("evaluate --tasks", () => {
  test("scores each task by its metrics, and writes the harness's results", async () => {
    const file = join(folder, "results.json");
    const { context, stages, warnings } = recordingContext();
    const options = { ...base, lengths: [], tasks: ["choices", "exams"], lmEvalJson: file };
    const document = await evaluate(options, context);
    expect(evaluateSchema.parse(document)).toEqual(document);
    expect(document.perplexity).toEqual([]);
    expect(document.linear_share).toBeNull();
    const scored = document.tasks.map(({ name, group, metric, n, model }) => ({ name, group, metric, n, model }));
    const law = await naive("exams_law", false);
    const art = await naive("exams_art", false);
    expect(scored).toEqual([
      { name: "choices", group: null, metric: "acc", n: 10, model: await naive("choices", false) },
      { name: "choices", group: null, metric: "acc_norm", n: 10, model: await naive("choices", true) },
      { name: "exams", group: null, metric: "acc", n: 8, model: expect.closeTo((3 * law + 5 * art) / 8, 12) },
      { name: "exams_art", group: "exams", metric: "acc", n: 5, model: art },
      { name: "exams_law", group: "exams", metric: "acc", n: 3, model: law },
    ]);
    expect(document.tasks.map(({ chance }) => chance)).toEqual(
      [1 / 3, 1 / 3, 0.25, 0.25, 0.25].map((x) => expect.closeTo(x, 12)),
    );
    expect(document.tasks.every((row) => row.teacher === null && row.margin_kept === null)).toBe(true);
    expect(stages).toEqual([{ name: "tasks", done: expect.closeTo(18, 9), ended: 1 }]);
    expect(warnings).toEqual([]);
    const results = JSON.parse(readFileSync(file, "utf8"));
    expect(results.results.exams["acc,none"]).toBe(document.tasks[2]?.model);
    expect(results["n-samples"].exams_law).toEqual({ original: 3, effective: 3 });
    expect(results.config.model_args).toBe("pretrained=tiny");
  });

  test("leaves perplexity in where it is not left out, and takes the first rows", async () => {
    const { context } = recordingContext();
    const document = await evaluate(
      { ...base, lengths: [256], tasks: ["choices"], limit: 4, against: "tiny" },
      context,
    );
    expect(document.perplexity).toHaveLength(1);
    expect(document.tasks.map(({ n }) => n)).toEqual([4, 4]);
    for (const row of document.tasks) {
      expect(row.teacher).toBe(row.model);
      expect(row.teacher_stderr).toBe(row.stderr);
    }
  });

  test("measures ablations of a converted model", async () => {
    const spec = parseMixer({
      window: { kind: "slide", size: 16 },
      state: { featureMap: { kind: "elu" }, read: { kind: "all" } },
      normalize: { kind: "row" },
      mix: { kind: "sum" },
    });
    const student = { ...tiny, mixers: tiny.mixers.map(() => ({ spec, parameters: {} })) };
    const tasks = await planTasks({ ...base, tasks: ["choices"] });
    const { context, stages } = recordingContext();
    const readers = variantsOf({ model: student, teacher: tiny, ablations: true }).map((each) => ({
      ...each,
      tokenizer,
    }));
    const rows = taskRows(await measureTasks(engine, tasks, { readers, context }));
    expect(stages).toEqual([{ name: "tasks", done: expect.closeTo(50, 9), ended: 1 }]);
    for (const row of rows) {
      expect(taskRowSchema.parse(row)).toEqual(row);
      for (const name of ["model", "teacher", "window_only", "linear_only", "neither"] as const) {
        expect(row[name]).toBeGreaterThanOrEqual(0);
      }
    }
    expect(rows[0]?.teacher).toBe(await naive("choices", false));
  });

  test("warns once of rows that are too long", async () => {
    const query = "a long story ".repeat(100);
    put(folder, "long.jsonl", jsonLines([{ query, choices: ["a", "b"], gold: 0 }]));
    const { context, warnings } = recordingContext();
    await evaluate({ ...base, lengths: [], tasks: ["choices", "long"] }, context);
    expect(warnings).toEqual(["1 of 11 rows of tasks lose their beginning to the model's context of 768 tokens"]);
  });

  test("stops when it is told to", async () => {
    const controller = new AbortController();
    const { context, stages } = recordingContext(controller.signal);
    controller.abort(new Error("enough"));
    const file = join(folder, "aborted.json");
    await expect(evaluate({ ...base, lengths: [], tasks: ["choices"], lmEvalJson: file }, context)).rejects.toThrow(
      "enough",
    );
    expect(stages.map(({ ended }) => ended)).toEqual([1]);
    expect(existsSync(file)).toBe(false);
  });
});

describe("refused before any model is opened", () => {
  test.each([
    ["no folder of tasks", { tasks: ["piqa"], taskData: undefined }, /--task-data DIR/],
    ["an unknown task", { tasks: ["piqa"] }, /has no task "piqa"; it has choices, exams/],
    ["nothing to measure", { lengths: [] }, /nothing is left to measure: give --tasks or --recall/],
    ["results of no tasks", { lmEvalJson: "x.json" }, /--lm-eval-json: there are no task scores to write/],
  ])("%s", async (_name, options, message) => {
    const { context } = recordingContext();
    await expect(evaluate({ ...base, model: "/nowhere", ...options }, context)).rejects.toThrow(message);
  });
});
