/** Questions of a JSONL file, `{"context": …, "answer": …}` a line, as published sets of key and value pairs come. */
import { z } from "zod";
import { FormatError } from "../../errors.ts";
import type { ProbeReader, ProbeSequence } from "./probe.ts";
import { beginning, PieceEncoder } from "./writer.ts";

const questionSchema = z.looseObject({ context: z.string().min(1), answer: z.string().min(1) });

/** One question. */
export type Question = Pick<z.output<typeof questionSchema>, "context" | "answer">;

/** The questions of a file's text. Throws a FormatError that names the line. */
export function parseQuestions(path: string, text: string): Question[] {
  const questions = text.split("\n").flatMap((line, index): Question[] => {
    if (line.trim() === "") return [];
    const parsed = questionSchema.safeParse(parseJson(line));
    if (parsed.success) return [parsed.data];
    throw new FormatError(`${path}:${index + 1}`, 'is not a question; write {"context": …, "answer": …}, one a line');
  });
  if (questions.length === 0) throw new FormatError(path, "holds no questions, only blank lines");
  return questions;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * The context and the answer after it. Where the context tells the answer in quotes, the quote that opens it is given. The
 * wrong answer is another quoted value of the context with as many tokens; the distance is 0 where the answer is not told.
 */
export function questionSequence(reader: ProbeReader, { context, answer }: Question): ProbeSequence {
  const encoder = new PieceEncoder(reader);
  const told = context.indexOf(answer);
  const quote = /["']/.exec(context.charAt(told - 1))?.[0] ?? "";
  const asked = quote === "" ? context : `${context.trimEnd()} ${quote}`;
  const ids = [...beginning(reader), ...reader.encode(asked)];
  const value = encoder.encodeValue(answer);
  const start = ids.length;
  const before = told < 0 ? start : beginning(reader).length + reader.encode(context.slice(0, told)).length;
  const others = [...context.matchAll(/:\s*["']([^"'\n]+)["']/g)].map(([, other = ""]) => other);
  const contrast = others
    .filter((other) => other !== answer)
    .map((other) => encoder.encodeValue(other))
    .find(({ length }) => length === value.length);
  return {
    ids: [...ids, ...value],
    answers: [{ start, length: value.length, distance: start - before, ...(contrast && { contrast }) }],
  };
}
