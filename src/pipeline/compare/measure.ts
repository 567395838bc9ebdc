/** The figures of `compare`: perplexity on every test text, beside the teacher's. */
import { createHash } from "node:crypto";
import { SubquadError } from "../../errors.ts";
import type { Model } from "../../inference/model.ts";
import { createEngine } from "../../runtime/index.ts";
import type { CompareOptions, CompareRow, Context } from "../contract.ts";
import { comparedLengths, compareModels } from "../evaluate.ts";
import type { OpenModel } from "../open-model.ts";
import { defaultThreads } from "../threads.ts";
import { builtInText, evaluationText, type TrainingText } from "../training-text.ts";

/** Figures on one test text. */
type TextFigures = CompareRow["texts"][number];

/** What is measured of every model. */
export interface Measurement {
  readonly texts: readonly { readonly name: string; readonly ids: ArrayLike<number> }[];
  readonly lengths: readonly number[];
  /** Tokens of each text that are used. */
  readonly maxTokens: number;
  /** Tells measurements apart. */
  readonly fingerprint: string;
}

/** What the held-out part of the training text is called. */
const heldOutName = "held-out text";

/** The measurement that the options ask for. Throws a SubquadError for a text too short for a length. */
export async function measurementOf(
  { testText, lengths: wanted, maxTokens }: Pick<CompareOptions, "testText" | "lengths" | "maxTokens">,
  teacher: OpenModel,
  training: TrainingText,
): Promise<Measurement> {
  const texts =
    testText === undefined
      ? [{ name: heldOutName, ids: training.heldOut.ids }]
      : await Promise.all(
          testText.map(async (path) => ({
            name: path,
            ids: await evaluationText(path === builtInText ? undefined : path, teacher),
          })),
        );
  const used = (ids: ArrayLike<number>) => Math.min(ids.length, maxTokens);
  const shortest = Math.min(...texts.map(({ ids }) => used(ids)));
  const lengths = [...new Set(wanted ?? comparedLengths(teacher.model, shortest))].toSorted((a, b) => a - b);
  const longest = lengths.at(-1) ?? 0;
  const short = texts.find(({ ids }) => used(ids) < longest);
  if (short !== undefined || (lengths[0] ?? 0) < 2) {
    throw new SubquadError(
      `${short?.name ?? "--lengths"}: has ${shortest} tokens to score, too few for a window of ${longest}; give shorter --lengths or more text`,
    );
  }
  const hash = createHash("sha256").update(JSON.stringify([lengths, maxTokens]));
  for (const { ids } of texts) hash.update(Int32Array.from(ids));
  return { texts, lengths, maxTokens, fingerprint: hash.digest("hex") };
}

/**
 * Measures a model; a converted one with its ablations. `teacher` are the teacher's own figures on the same texts; without
 * them the model is the teacher.
 */
export async function measured(
  { texts, lengths, maxTokens }: Measurement,
  { name, model }: { readonly name: string; readonly model: Model },
  teacher: readonly TextFigures[] | undefined,
  { threads, context }: { readonly threads: number | undefined; readonly context: Context },
): Promise<TextFigures[]> {
  const within = (length: number) => length <= model.architecture.context;
  const engine = createEngine({ threads: threads ?? defaultThreads() });
  const figures: TextFigures[] = [];
  try {
    for (const [index, { name: text, ids }] of texts.entries()) {
      const { perplexity, linear_share } = await compareModels(engine, {
        model: { name, model },
        ids,
        // A teacher is not measured beyond its own context.
        lengths: teacher === undefined ? lengths.filter(within) : lengths,
        maxTokens,
        ablations: teacher !== undefined,
        context,
      });
      const rows =
        teacher === undefined
          ? lengths.map((length) => teacherRow(length, perplexity))
          : perplexity.map((row) => besideTeacher(row, teacher[index]));
      figures.push({ text, perplexity: rows, linear_share });
    }
  } finally {
    await engine.release();
  }
  return figures;
}

type PerplexityRow = TextFigures["perplexity"][number];

const unmeasured = { tokens: 0, model: null, teacher: null, window_only: null, linear_only: null, neither: null };

function teacherRow(length: number, measuredRows: readonly PerplexityRow[]): PerplexityRow {
  const row = measuredRows.find((each) => each.length === length);
  if (row === undefined) return { length, ...unmeasured, ratio: null, beyond_teacher_context: true };
  return { ...row, teacher: row.model, ratio: row.model === null ? null : 1 };
}

function besideTeacher(row: PerplexityRow, teacher: TextFigures | undefined): PerplexityRow {
  const beside = teacher?.perplexity.find(({ length }) => length === row.length);
  const figure = beside?.model ?? null;
  const ratio = row.model === null || figure === null ? null : row.model / figure;
  return { ...row, teacher: figure, ratio, beyond_teacher_context: beside?.beyond_teacher_context ?? false };
}
