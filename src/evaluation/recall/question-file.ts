/** Questions of a JSONL file, `{"context": …, "answer": …}` a line, as published sets of key and value pairs come. */
import { z } from "zod";
import { FormatError } from "../../errors.ts";
import { readJsonLines } from "../tasks/json-lines.ts";
import type { ProbeReader, ProbeSequence, RecallProbe } from "./probe.ts";
import { beginning, PieceEncoder } from "./writer.ts";

const questionSchema = z.looseObject({ context: z.string().min(1), answer: z.string().min(1) });

/** One question. */
export type Question = Pick<z.output<typeof questionSchema>, "context" | "answer">;

/** The questions of a file. Throws a FormatError that names the line. */
export async function readQuestions(path: string): Promise<Question[]> {
  return (await readJsonLines(path)).map(({ source, value }) => {
    const parsed = questionSchema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new FormatError(source, 'is not a question; write {"context": …, "answer": …}, one a line');
  });
}

/** The questions as a probe: the seed chooses the question, and all have the length they have. */
export function questionProbe(name: string, reader: ProbeReader, questions: readonly Question[]): RecallProbe {
  const [first] = questions;
  if (first === undefined) throw new RangeError("a probe needs a question");
  return {
    name,
    description: "the answer to a question of the file",
    sequences: questions.length,
    // Published sets have contexts of one length, more or less: the first stands for all.
    lengths: () => [questionSequence(reader, first).ids.length],
    build: (own, _length, seed) => questionSequence(own, questions[seed % questions.length] ?? first),
  };
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
