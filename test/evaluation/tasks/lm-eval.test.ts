/** The results file: the keys that readers of lm-evaluation-harness's results look for. */
import { expect, test } from "vitest";
import { lmEvalDocument } from "../../../src/evaluation/tasks/lm-eval.ts";
import { taskResults } from "../../../src/evaluation/tasks/results.ts";
import type { TaskScores } from "../../../src/evaluation/tasks/score.ts";
import type { Task } from "../../../src/evaluation/tasks/task.ts";

const answers = [0, 1].map(() => ({ context: "c", continuation: " a", characters: 1 }));

function task(name: string, group: string | null, metrics: Task["metrics"], shots: number): Task {
  const questions = [{ source: "f:1", gold: 0, answers }];
  return { name, group, path: `tasks/${name}.jsonl`, metrics, shots, questions, rows: 100 };
}

const run = {
  model: "org/smol linear",
  parameters: 1000,
  context: 2048,
  limit: 10,
  threads: 2,
  began: new Date("2026-01-02T03:04:05.500Z"),
  seconds: 12.5,
  version: "9.9.9",
};

test("names metrics, samples, shots and groups as the harness does", () => {
  const tasks = [
    task("piqa", null, ["acc", "acc_norm"], 0),
    task("mmlu_law", "mmlu", ["acc"], 5),
    task("mmlu_art", "mmlu", ["acc"], 5),
  ];
  const scores: TaskScores[] = [
    new Map([
      ["acc", { n: 10, value: 0.5, error: 0.1 }],
      ["acc_norm", { n: 10, value: 0.6, error: 0.2 }],
    ]),
    new Map([["acc", { n: 10, value: 0.25, error: 0.1 }]]),
    new Map([["acc", { n: 10, value: 0.75, error: Number.NaN }]]),
  ];
  const document = lmEvalDocument(taskResults(tasks, scores), run);
  expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  expect(document).toMatchObject({
    results: {
      piqa: {
        alias: "piqa",
        "acc,none": 0.5,
        "acc_stderr,none": 0.1,
        "acc_norm,none": 0.6,
        "acc_norm_stderr,none": 0.2,
      },
      mmlu: { alias: "mmlu", "acc,none": 0.5, "acc_stderr,none": "N/A" },
      mmlu_law: { alias: "law", "acc,none": 0.25 },
      mmlu_art: { alias: "art", "acc,none": 0.75, "acc_stderr,none": "N/A" },
    },
    groups: { mmlu: { "acc,none": 0.5 } },
    group_subtasks: { piqa: [], mmlu: ["mmlu_law", "mmlu_art"] },
    versions: { piqa: 1, mmlu: 1, mmlu_law: 1, mmlu_art: 1 },
    "n-shot": { piqa: 0, mmlu: 5, mmlu_law: 5, mmlu_art: 5 },
    higher_is_better: { piqa: { acc: true, acc_norm: true }, mmlu: { acc: true } },
    "n-samples": { piqa: { original: 100, effective: 1 }, mmlu_law: { original: 100, effective: 1 } },
    config: { model: "subquad", model_args: "pretrained=org/smol linear", limit: 10, model_num_parameters: 1000 },
    date: 1767323045.5,
    max_length: 2048,
    model_name: "org/smol linear",
    model_name_sanitized: "org__smol__linear",
    subquad_version: "9.9.9",
  });
  expect(Object.keys(document.configs as object)).toEqual(["piqa", "mmlu_law", "mmlu_art"]);
  expect((document.results as Record<string, object>).mmlu).not.toHaveProperty("acc_norm,none");
});

test("has no groups where no task is made of parts", () => {
  const scores: TaskScores = new Map([["acc", { n: 1, value: Number.NaN, error: Number.NaN }]]);
  const document = lmEvalDocument(taskResults([task("piqa", null, ["acc"], 0)], [scores]), run);
  expect(document).not.toHaveProperty("groups");
  expect(document.results).toMatchObject({ piqa: { "acc,none": null, "acc_stderr,none": "N/A" } });
});
