/** Questions from rows, in the words of the reference harness (lm-evaluation-harness 0.4, arXiv 2405.14782). */
import { FormatError } from "../../errors.ts";
import type { ChoiceRow, ContextRow, ExamRow, Placed } from "./shapes.ts";
import type { Question } from "./task.ts";
import { stripped, withoutEnd } from "./white-space.ts";

/** What stands between a context and its continuation. */
const delimiter = " ";

/** The text after one delimiter, which it may have already. */
function delimited(text: string): string {
  return text.startsWith(delimiter) ? text : delimiter + text;
}

/** Characters as the harness counts them: code points. */
function charactersOf(text: string): number {
  return Array.from(text).length;
}

/** The query, with a cue where it asks a question, before each choice. */
export function choiceQuestion({ source, row }: Placed<ChoiceRow>): Question {
  const query = withoutEnd(row.query);
  const asks = query.includes("Question:") && !query.endsWith("Answer:");
  const context = asks ? `${query}\nAnswer:` : query;
  return {
    source,
    gold: row.gold,
    answers: row.choices.map((choice) => ({
      context,
      continuation: delimited(choice),
      characters: charactersOf(choice),
    })),
  };
}

/** The one continuation after each context. */
export function contextQuestion({ source, row }: Placed<ContextRow>): Question {
  return {
    source,
    gold: row.gold,
    answers: row.context_options.map((context) => ({
      context,
      continuation: delimited(row.continuation),
      characters: charactersOf(row.continuation),
    })),
  };
}

const letters = ["A", "B", "C", "D"] as const;

/** Solved examples before a question of an exam. */
export const examShots = 5;

function examPrompt({ question, choices }: ExamRow): string {
  const options = choices.map((choice, index) => `${letters[index]}. ${choice}`);
  return [stripped(question), ...options, "Answer:"].join("\n");
}

/** Exams' questions after the first solved examples of their own subject; none where `solved` is absent. */
export function examQuestions(
  rows: readonly Placed<ExamRow>[],
  solved: { readonly path: string; readonly rows: readonly Placed<ExamRow>[] } | undefined,
): Question[] {
  const introductions = new Map<string, string>();
  const introduction = (subject: string): string => {
    const known = introductions.get(subject) ?? introductionOf(subject, solved);
    introductions.set(subject, known);
    return known;
  };
  return rows.map(({ source, row }) => {
    const context = introduction(row.subject) + examPrompt(row);
    return {
      source,
      gold: row.answer,
      answers: letters.map((letter) => ({ context, continuation: delimiter + letter, characters: 1 })),
    };
  });
}

function introductionOf(subject: string, solved: Parameters<typeof examQuestions>[1]): string {
  const title = `The following are multiple choice questions (with answers) about ${subject.replaceAll("_", " ")}.\n\n`;
  if (solved === undefined) return title;
  const examples = solved.rows.filter(({ row }) => row.subject === subject).slice(0, examShots);
  if (examples.length < examShots) {
    throw new FormatError(
      solved.path,
      `has ${examples.length} rows about "${subject}"; ${examShots} are shown before each question: add some, or take the file away`,
    );
  }
  return title + examples.map(({ row }) => `${examPrompt(row)}${delimiter}${letters[row.answer]}\n\n`).join("");
}
