/** Tasks by name from a folder: `NAME.jsonl`, a folder with `test.jsonl`, or a folder of such folders. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { FormatError, SubquadError } from "../../errors.ts";
import { readJsonLines } from "./json-lines.ts";
import { choiceQuestion, contextQuestion, examQuestions, examShots } from "./questions.ts";
import { type Rows, rowsOf } from "./shapes.ts";
import type { Task } from "./task.ts";

/** Parts of one task: MMLU has 57. */
const MAXIMUM_PARTS = 1000;

/** Which tasks to read, and how much of them. */
export interface TaskSelection {
  readonly folder: string;
  /** Stems of files or names of folders; a folder's part also as `FOLDER_PART`. */
  readonly names: readonly string[];
  /** Rows of each task, and of each part of one; absent: all. */
  readonly limit?: number | undefined;
}

/** Reads the tasks; one made of parts gives a task for each. Throws a SubquadError for a name, file or row that is wrong. */
export async function readTasks({ folder, names, limit }: TaskSelection): Promise<Task[]> {
  if (!isFolder(folder))
    throw new SubquadError(`${folder}: there is no such folder of tasks; name one with --task-data`);
  const tasks: Task[] = [];
  for (const name of new Set(names)) {
    for (const place of placesOf(folder, name)) tasks.push(await readTask(place, limit));
  }
  return tasks;
}

interface Place {
  readonly name: string;
  readonly group: string | null;
  /** A file, or a folder with `test.jsonl`. */
  readonly path: string;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

const hasTest = (path: string) => existsSync(join(path, "test.jsonl"));

function placesOf(folder: string, name: string): Place[] {
  if (!/^[\w-]+([./][\w-]+)*$/.test(name)) {
    throw new SubquadError(`"${name}" is no name of a task: names are stems of files in ${folder}`);
  }
  const path = join(folder, name);
  if (existsSync(`${path}.jsonl`)) return [{ name, group: null, path: `${path}.jsonl` }];
  if (isFolder(path)) return folderPlaces(name, path);
  const part = folders(folder)
    .map((parent) => ({ parent, rest: name.slice(parent.length + 1) }))
    .find(({ parent, rest }) => name.startsWith(`${parent}_`) && hasTest(join(folder, parent, rest)));
  if (part !== undefined) return [{ name, group: null, path: join(folder, part.parent, part.rest) }];
  throw new SubquadError(`${folder} has no task "${name}"; it has ${known(folder)}`);
}

function folderPlaces(name: string, path: string): Place[] {
  const title = name.replaceAll("/", "_");
  if (hasTest(path)) return [{ name: title, group: null, path }];
  const parts = folders(path).filter((part) => hasTest(join(path, part)));
  if (parts.length === 0) {
    throw new SubquadError(`${path} has neither test.jsonl nor folders that have one; a task needs its rows there`);
  }
  if (parts.length > MAXIMUM_PARTS)
    throw new SubquadError(`${path} has over ${MAXIMUM_PARTS} parts; name some of them`);
  return parts.map((part) => ({ name: `${title}_${part}`, group: title, path: join(path, part) }));
}

function folders(path: string): string[] {
  const entries = readdirSync(path).filter((name) => isFolder(join(path, name)));
  return entries.sort();
}

function known(folder: string): string {
  const names = readdirSync(folder).flatMap((name) => {
    if (name.endsWith(".jsonl")) return [basename(name, ".jsonl")];
    return isFolder(join(folder, name)) ? [name] : [];
  });
  return names.length === 0 ? "none" : names.sort().slice(0, 50).join(", ");
}

async function readTask({ name, group, path }: Place, limit: number | undefined): Promise<Task> {
  const file = isFolder(path) ? join(path, "test.jsonl") : path;
  const all = rowsOf(await readJsonLines(file));
  const rows = all.rows.length;
  const common = { name, group, path: file, rows } as const;
  if (all.shape === "choices") {
    const questions = all.rows.slice(0, limit).map(choiceQuestion);
    return { ...common, metrics: ["acc", "acc_norm"], shots: 0, questions };
  }
  if (all.shape === "contexts") {
    return { ...common, metrics: ["acc"], shots: 0, questions: all.rows.slice(0, limit).map(contextQuestion) };
  }
  const solved = file === path ? undefined : await solvedRows(join(path, "dev.jsonl"));
  const questions = examQuestions(all.rows.slice(0, limit), solved);
  return { ...common, metrics: ["acc"], shots: solved === undefined ? 0 : examShots, questions };
}

async function solvedRows(path: string) {
  if (!existsSync(path)) return undefined;
  const solved: Rows = rowsOf(await readJsonLines(path));
  if (solved.shape === "exam") return { path, rows: solved.rows };
  throw new FormatError(path, "has not the rows {question, subject, choices, answer} of the test.jsonl beside it");
}
