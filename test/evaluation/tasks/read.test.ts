/** Task files: told apart by their rows, worded as the reference harness words them, and refused by name where malformed. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTasks, type TaskSelection } from "../../../src/evaluation/tasks/read.ts";
import { chanceOf, type Task } from "../../../src/evaluation/tasks/task.ts";
import { dataPath, dataTest } from "../../data.ts";
import { put, temporaryFolder } from "../../formats/temporary.ts";

const jsonLines = (...rows: unknown[]) => `${rows.map((row) => JSON.stringify(row)).join("\n")}\n`;

/** The one task of a file with these contents. */
async function only(contents: string, selection: Partial<TaskSelection> = {}): Promise<Task> {
  const folder = temporaryFolder();
  put(folder, "any.jsonl", contents);
  const [task] = await readTasks({ folder, names: ["any"], ...selection });
  if (task === undefined) throw new Error("no task was read");
  return task;
}

describe("questions are worded as the harness words them", () => {
  test("choices after a query, with a cue where it asks a question", async () => {
    const task = await only(
      jsonLines(
        { query: "Question: what is it?\n", choices: ["a bird", "a plane"], gold: 1 },
        { query: "He saw \u2003", choices: [" it.", "naïve 🐦"], gold: 0 },
        { query: "Question: why?\nAnswer:", choices: ["so", "no", "oh"], gold: 2 },
      ),
    );
    expect(task).toMatchObject({ name: "any", group: null, metrics: ["acc", "acc_norm"], shots: 0, rows: 3 });
    const [first, second, third] = task.questions;
    expect(first?.answers).toEqual([
      { context: "Question: what is it?\nAnswer:", continuation: " a bird", characters: 6 },
      { context: "Question: what is it?\nAnswer:", continuation: " a plane", characters: 7 },
    ]);
    // One space in between, be there one or not; characters as the file has them, by code points.
    expect(second?.answers).toEqual([
      { context: "He saw", continuation: " it.", characters: 4 },
      { context: "He saw", continuation: " naïve 🐦", characters: 7 },
    ]);
    expect(third?.answers[0]?.context).toBe("Question: why?\nAnswer:");
    expect(task.questions.map(({ gold }) => gold)).toEqual([1, 0, 2]);
    expect(chanceOf(task.questions)).toBeCloseTo((1 / 2 + 1 / 2 + 1 / 3) / 3, 12);
  });

  test("one continuation after several contexts", async () => {
    const row = { context_options: ["A hit B, so A", "A hit B, so B"], continuation: "cried.", gold: 1, id: 7 };
    const task = await only(jsonLines(row));
    expect(task.metrics).toEqual(["acc"]);
    expect(task.questions[0]?.answers.map(({ context, continuation }) => context + continuation)).toEqual([
      "A hit B, so A cried.",
      "A hit B, so B cried.",
    ]);
  });

  const exam = (question: string, answer: number, subject = "high_school_physics") => ({
    question,
    subject,
    choices: ["w", "x", "y", "z"],
    answer,
  });

  test("exams after five solved examples of their subject", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "exams", "physics");
    mkdirSync(path, { recursive: true });
    const solved = ["one?", "two?", "three?", "four?", "five?", "six?"].map((question, index) =>
      exam(question, index % 4),
    );
    put(path, "dev.jsonl", jsonLines(exam("of another subject?", 0, "law"), ...solved));
    put(path, "test.jsonl", jsonLines(exam(" last? \n", 2), exam("unseen?", 0)));
    const expected = [
      "The following are multiple choice questions (with answers) about high school physics.\n\n",
      "one?\nA. w\nB. x\nC. y\nD. z\nAnswer: A\n\n",
      "two?\nA. w\nB. x\nC. y\nD. z\nAnswer: B\n\n",
      "three?\nA. w\nB. x\nC. y\nD. z\nAnswer: C\n\n",
      "four?\nA. w\nB. x\nC. y\nD. z\nAnswer: D\n\n",
      "five?\nA. w\nB. x\nC. y\nD. z\nAnswer: A\n\n",
      "last?\nA. w\nB. x\nC. y\nD. z\nAnswer:",
    ].join("");
    for (const name of ["exams", "exams_physics", "exams/physics"]) {
      const [task, ...others] = await readTasks({ folder, names: [name], limit: 1 });
      expect(others).toEqual([]);
      expect(task).toMatchObject({ name: "exams_physics", metrics: ["acc"], shots: 5, rows: 2 });
      expect(task?.group).toBe(name === "exams" ? "exams" : null);
      expect(task?.questions).toHaveLength(1);
      expect(task?.questions[0]?.answers.map(({ context }) => context)).toEqual(new Array(4).fill(expected));
      expect(task?.questions[0]?.answers.map(({ continuation }) => continuation)).toEqual([" A", " B", " C", " D"]);
    }
  });

  test("an exam without solved examples is asked as it is", async () => {
    const task = await only(jsonLines(exam("which?", 3)));
    expect(task.shots).toBe(0);
    expect(task.questions[0]?.answers[0]?.context).toBe(
      "The following are multiple choice questions (with answers) about high school physics.\n\nwhich?\nA. w\nB. x\nC. y\nD. z\nAnswer:",
    );
  });

  test("too few solved examples are refused", async () => {
    const folder = temporaryFolder();
    put(folder, "test.jsonl", jsonLines(exam("which?", 3)));
    put(folder, "dev.jsonl", jsonLines(exam("one?", 0), exam("two?", 0)));
    const parent = join(folder, "..");
    const name = folder.slice(parent.length + 1);
    await expect(readTasks({ folder: parent, names: [name] })).rejects.toThrow(
      /dev\.jsonl: has 2 rows about "high_school_physics"; 5 are shown before each question/,
    );
    put(folder, "dev.jsonl", jsonLines({ query: "q", choices: ["a", "b"], gold: 0 }));
    await expect(readTasks({ folder: parent, names: [name] })).rejects.toThrow(
      "dev.jsonl: has not the rows {question,",
    );
  });
});

describe("malformed files are refused with the line and what to do", () => {
  const good = { query: "q", choices: ["a", "b"], gold: 0 };
  const contexts = { context_options: ["a", "b"], continuation: "c", gold: 0 };
  const exam = { question: "q", subject: "s", choices: ["a", "b", "c", "d"], answer: 0 };
  test.each([
    ["an empty file", "\n  \n", /any\.jsonl: holds no rows: a task has one JSON object a line/],
    ["no JSON", `${jsonLines(good)}\n{"query": `, /any\.jsonl:3: is not valid JSON/],
    ["a repeated key", '{"query": "a", "query": "b"}', /any\.jsonl:1: JSON key "query" occurs twice/],
    ["no object", "[1, 2]", /any\.jsonl:1: is not an object; rows of tasks are \{query, choices, gold\}/],
    [
      "an unknown shape",
      '{"prompt": "p", "gold": 1}',
      /:1: is of no known shape, with prompt, gold; rows of tasks are/,
    ],
    ["an empty object", "{}", /:1: is of no known shape, with no keys/],
    [
      "another shape later",
      jsonLines(good, contexts),
      /:2: is no row \{query, choices, gold\}, as the file's first is/,
    ],
    ["a blank query", jsonLines({ ...good, query: " \n\u0085" }), /:1: .*must not be blank.*query/s],
    ["a query of another type", jsonLines({ ...good, query: 1 }), /:1: .*query/s],
    ["one choice", jsonLines({ ...good, choices: ["a"] }), /:1: .*choices/s],
    ["too many choices", jsonLines({ ...good, choices: new Array(65).fill("a") }), /:1: .*choices/s],
    ["an empty choice", jsonLines({ ...good, choices: ["a", ""] }), /:1: .*choices\[1\]/s],
    [
      "a right answer that is none",
      jsonLines({ ...good, gold: 2 }),
      /:1: "gold" is 2, but "choices" are counted from 0 to 1/,
    ],
    ["a negative right answer", jsonLines({ ...good, gold: -1 }), /:1: .*gold/s],
    ["half a right answer", jsonLines({ ...good, gold: 0.5 }), /:1: .*gold/s],
    ["an empty continuation", jsonLines({ ...contexts, continuation: "" }), /:1: .*continuation/s],
    ["a blank context", jsonLines({ ...contexts, context_options: ["a", " "] }), /:1: .*context_options\[1\]/s],
    ["a context that is none", jsonLines({ ...contexts, gold: 5 }), /"gold" is 5, but "context_options" are counted/],
    ["three choices of an exam", jsonLines({ ...exam, choices: ["a", "b", "c"] }), /:1: .*choices/s],
    [
      "a fifth answer of an exam",
      jsonLines({ ...exam, answer: 4 }),
      /"answer" is 4, but "choices" are counted from 0 to 3/,
    ],
    ["an endless line", `{"query": "${"x".repeat(2 ** 20)}"}`, /:1: has 10485\d\d characters; a row has up to 1048576/],
  ])("%s", async (_name, contents, message) => {
    await expect(only(contents)).rejects.toThrow(message);
  });

  test("bytes that are no text", async () => {
    const folder = temporaryFolder();
    put(folder, "any.jsonl", new Uint8Array([0x7b, 0xff, 0x7d]));
    await expect(readTasks({ folder, names: ["any"] })).rejects.toThrow("any.jsonl: is not valid UTF-8");
  });
});

describe("tasks are found by name", () => {
  const folder = temporaryFolder();
  put(folder, "one.jsonl", jsonLines({ query: "q", choices: ["a", "b"], gold: 0 }));
  put(folder, "notes.txt", "no task");
  mkdirSync(join(folder, "empty"));

  test("each once, in the order of the names", async () => {
    put(folder, "two.jsonl", jsonLines({ query: "q", choices: ["a", "b"], gold: 0 }));
    const tasks = await readTasks({ folder, names: ["two", "one", "two"] });
    expect(tasks.map(({ name }) => name)).toEqual(["two", "one"]);
  });

  test.each([
    ["three", /has no task "three"; it has empty, one/],
    ["../one", /"\.\.\/one" is no name of a task/],
    ["/etc", /is no name of a task/],
    ["empty", /empty has neither test\.jsonl nor folders that have one/],
    ["empty_part", /has no task "empty_part"/],
  ])("%s is refused", async (name, message) => {
    await expect(readTasks({ folder, names: [name] })).rejects.toThrow(message);
  });

  test("a folder that is none", async () => {
    await expect(readTasks({ folder: join(folder, "nowhere"), names: ["one"] })).rejects.toThrow(
      "there is no such folder of tasks; name one with --task-data",
    );
  });
});

dataTest("all published files are read, MMLU's 57 subjects as parts of one", async () => {
  const folder = dataPath("tasks");
  const names = ["arc_easy", "arc_challenge", "piqa", "openbook_qa", "boolq", "hellaswag", "winogrande"];
  const tasks = await readTasks({ folder, names });
  expect(tasks.map(({ rows }) => rows)).toEqual([2376, 1172, 1838, 500, 3270, 1000, 1267]);
  const exams = await readTasks({ folder, names: ["mmlu"] });
  expect(exams).toHaveLength(57);
  expect(exams.reduce((sum, { questions }) => sum + questions.length, 0)).toBe(14042);
  expect(
    exams.every(({ group, shots, rows, questions }) => group === "mmlu" && shots === 5 && rows === questions.length),
  ).toBe(true);
});
