/** The shapes a task's rows may have. Files are told apart by their rows, never by their names. */
import { z } from "zod";
import { FormatError } from "../../errors.ts";
import { isRecord } from "../../formats/strict-json.ts";
import type { JsonLine } from "./json-lines.ts";
import { withoutEnd } from "./white-space.ts";

/** Answers of one question: published sets have up to 20. */
const MAXIMUM_ANSWERS = 64;

const answer = z.string().min(1);
const text = z.string().refine((value) => withoutEnd(value) !== "", "must not be blank");
const answers = z.array(answer).min(2).max(MAXIMUM_ANSWERS);

/** A question with answers that continue it. */
export const choiceRow = z.object({ query: text, choices: answers, gold: z.int().nonnegative() });
/** Several beginnings that one text continues. */
export const contextRow = z.object({
  context_options: z.array(text).min(2).max(MAXIMUM_ANSWERS),
  continuation: answer,
  gold: z.int().nonnegative(),
});
/** A question of an exam, whose four answers are called by letters. */
export const examRow = z.object({
  question: text,
  subject: z.string().min(1),
  choices: z.array(z.string()).length(4),
  answer: z.int().nonnegative(),
});

export type ChoiceRow = z.output<typeof choiceRow>;
export type ContextRow = z.output<typeof contextRow>;
export type ExamRow = z.output<typeof examRow>;

/** Rows of one shape with their places. */
export type Rows =
  | { readonly shape: "choices"; readonly rows: readonly Placed<ChoiceRow>[] }
  | { readonly shape: "contexts"; readonly rows: readonly Placed<ContextRow>[] }
  | { readonly shape: "exam"; readonly rows: readonly Placed<ExamRow>[] };

/** A row and where it stands. */
export interface Placed<Row> {
  readonly source: string;
  readonly row: Row;
}

const shapes = {
  choices: ["query", "choices", "gold"],
  contexts: ["context_options", "continuation", "gold"],
  exam: ["question", "subject", "choices", "answer"],
} as const;

const shapeNames = Object.keys(shapes) as (keyof typeof shapes)[];
const described = Object.values(shapes)
  .map((keys) => `{${keys.join(", ")}}`)
  .join(", ");

/** Checks rows, which all have the shape of the first. Throws a FormatError that names the line and what is wrong in it. */
export function rowsOf(lines: readonly JsonLine[]): Rows {
  const [first] = lines;
  if (first === undefined) throw new TypeError("a file without rows is refused when it is read");
  const shape = shapeOf(first);
  if (shape === "choices") {
    return { shape, rows: lines.map((line) => within(line, checked(line, choiceRow, shape), "gold", "choices")) };
  }
  if (shape === "contexts") {
    return {
      shape,
      rows: lines.map((line) => within(line, checked(line, contextRow, shape), "gold", "context_options")),
    };
  }
  return { shape, rows: lines.map((line) => within(line, checked(line, examRow, shape), "answer", "choices")) };
}

function shapeOf({ source, value }: JsonLine): keyof typeof shapes {
  if (!isRecord(value)) throw new FormatError(source, `is not an object; rows of tasks are ${described}`);
  const shape = shapeNames.find((name) => shapes[name].every((key) => key in value));
  if (shape !== undefined) return shape;
  const keys = Object.keys(value).slice(0, 10).join(", ");
  throw new FormatError(source, `is of no known shape, with ${keys || "no keys"}; rows of tasks are ${described}`);
}

function checked<Row>({ source, value }: JsonLine, schema: z.ZodType<Row>, shape: keyof typeof shapes): Row {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const wanted = `{${shapes[shape].join(", ")}}`;
  throw new FormatError(source, `is no row ${wanted}, as the file's first is:\n${z.prettifyError(result.error)}`);
}

/** The row, whose right answer must be one of its answers. */
function within<Row>({ source }: JsonLine, row: Row, right: keyof Row & string, of: keyof Row & string): Placed<Row> {
  const [index, all] = [row[right], row[of]];
  if (typeof index === "number" && Array.isArray(all) && index < all.length) return { source, row };
  const count = Array.isArray(all) ? all.length : 0;
  throw new FormatError(source, `"${right}" is ${index}, but "${of}" are counted from 0 to ${count - 1}`);
}
