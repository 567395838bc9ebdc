/** What a multiple-choice task is: questions, each with answers whose probabilities are compared. */

/** One possible answer: how likely is `continuation` after `context`? */
export interface Answer {
  readonly context: string;
  readonly continuation: string;
  /** Characters of the answer as the file has it, without what stands between it and the context. */
  readonly characters: number;
}

/** One row of a task. */
export interface Question {
  /** The file and line, for messages. */
  readonly source: string;
  readonly answers: readonly Answer[];
  /** The index of the right answer. */
  readonly gold: number;
}

/** `acc`: the likeliest answer is right. `acc_norm`: the one of the highest log-probability per character is. */
export type Metric = "acc" | "acc_norm";

/** A task, read and checked. */
export interface Task {
  readonly name: string;
  /** The task of which it is a part. */
  readonly group: string | null;
  /** The file of its rows. */
  readonly path: string;
  readonly metrics: readonly Metric[];
  /** Solved examples before each question. */
  readonly shots: number;
  /** The rows to be scored, from the first. */
  readonly questions: readonly Question[];
  /** Rows of the file. */
  readonly rows: number;
}

/** The score of choosing at random: the mean of 1 / answers. */
export function chanceOf(questions: readonly Pick<Question, "answers">[]): number {
  return questions.reduce((sum, { answers }) => sum + 1 / answers.length, 0) / questions.length;
}
