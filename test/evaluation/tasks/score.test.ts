/** Scores by the reference harness's formulas: figures counted by hand, and some its own functions gave. */
import { describe, expect, test } from "vitest";
import { marginKept, taskResults } from "../../../src/evaluation/tasks/results.ts";
import { pooledScore, rightAnswers, scoreOf, taskScores } from "../../../src/evaluation/tasks/score.ts";
import type { Question, Task } from "../../../src/evaluation/tasks/task.ts";

function question(gold: number, ...characters: number[]): Question {
  const answers = characters.map((count) => ({ context: "c", continuation: "x", characters: count }));
  return { source: "file:1", gold, answers };
}

describe("the chosen answer", () => {
  test("is the likeliest, or the likeliest per character", () => {
    const questions = [question(0, 2, 8), question(1, 2, 8)];
    const sums = [
      [-4, -8],
      [-4, -8],
    ];
    expect(rightAnswers("acc", questions, sums)).toEqual([1, 0]);
    // −2 and −1 per character.
    expect(rightAnswers("acc_norm", questions, sums)).toEqual([0, 1]);
  });

  test("is the first of equal ones", () => {
    expect(
      rightAnswers(
        "acc",
        [question(0, 1, 1, 1), question(2, 1, 1, 1)],
        [
          [-3, -3, -3],
          [-5, -3, -3],
        ],
      ),
    ).toEqual([1, 0]);
  });

  test("is unknown where a probability is no number", () => {
    const [right] = rightAnswers("acc", [question(0, 1, 1)], [[-1, Number.NaN]]);
    expect(right).toBeNaN();
    expect(scoreOf([1, Number.NaN]).value).toBeNaN();
  });
});

describe("standard errors", () => {
  test("are the sample's deviation over the root of its size", () => {
    // mean_stderr of lm_eval 0.4.13.
    expect(scoreOf([1, 0, 0, 1, 1, 0, 1])).toEqual({
      n: 7,
      value: 4 / 7,
      error: expect.closeTo(0.20203050891044214, 14),
    });
    expect(scoreOf([1, 0]).error).toBeCloseTo(0.5, 14);
    expect(scoreOf([1]).error).toBeNaN();
  });

  test("are pooled over the parts of a task", () => {
    // pooled_sample_stderr and aggregate_subtask_metrics of lm_eval 0.4.13.
    const pooled = pooledScore([
      { n: 10, value: 0.5, error: 0.05 },
      { n: 40, value: 0.3, error: 0.02 },
    ]);
    expect(pooled.n).toBe(50);
    expect(pooled.value).toBeCloseTo(0.34, 14);
    expect(pooled.error).toBeCloseTo(0.01880824287380403, 14);
  });
});

describe("results", () => {
  const task = (name: string, group: string | null, count: number): Task => ({
    name,
    group,
    path: `${name}.jsonl`,
    metrics: ["acc"],
    shots: 0,
    questions: Array.from({ length: count }, () => question(0, 1, 1)),
    rows: count,
  });

  test("of a task made of parts come before them, by rows", () => {
    const tasks = [task("piqa", null, 2), task("mmlu_law", "mmlu", 1), task("mmlu_art", "mmlu", 3)];
    const sums = [
      [
        [-1, -2],
        [-2, -1],
      ],
      [[-1, -2]],
      [
        [-2, -1],
        [-2, -1],
        [-2, -1],
      ],
    ];
    const results = taskResults(
      tasks,
      tasks.map((each, index) => taskScores(each, sums[index] ?? [])),
    );
    expect(results.map(({ name, group, n }) => [name, group, n])).toEqual([
      ["piqa", null, 2],
      ["mmlu", null, 4],
      ["mmlu_law", "mmlu", 1],
      ["mmlu_art", "mmlu", 3],
    ]);
    expect(results.map(({ scores }) => scores.get("acc")?.value)).toEqual([0.5, 0.25, 1, 0]);
    expect(results.every(({ chance }) => chance === 0.5)).toBe(true);
  });

  test("keep a share of a teacher's margin over chance, where it has one", () => {
    const teacher = (value: number) => ({ n: 100, value, error: 0.05 });
    expect(marginKept(0.65, teacher(0.75), 0.5)).toBeCloseTo(0.6, 12);
    expect(marginKept(0.45, teacher(0.75), 0.5)).toBeCloseTo(-0.2, 12);
    expect(marginKept(0.65, teacher(0.6), 0.5)).toBeNull();
    expect(marginKept(0.65, teacher(0.4), 0.5)).toBeNull();
    expect(marginKept(0.65, teacher(Number.NaN), 0.5)).toBeNull();
  });
});
