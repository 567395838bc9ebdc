/** `compare`: several recipes on one teacher, on one budget of one text, beside each other. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { SubquadError } from "../errors.ts";
import type { MixerSpec } from "../mixers/index.ts";
import type { Recipe } from "../recipes/index.ts";
import { courseOf } from "../training/loop.ts";
import { defaultModel } from "./built-in/models.ts";
import {
  candidatesOf,
  finetunedTeacher,
  finetunedTeacherRecipe,
  finetuningRecipe,
  namedFault,
} from "./compare/candidates.ts";
import { refuseOtherFolder, writeComparison, writtenRows } from "./compare/files.ts";
import { type Measurement, measured, measurementOf } from "./compare/measure.ts";
import { ordered } from "./compare/order.ts";
import type { CompareDocument, CompareOptions, CompareRow, Context, LinearizeDocument, Verb } from "./contract.ts";
import {
  type Conversion,
  conversionFingerprint,
  convertByRecipe,
  finishedConversion,
  finishedReport,
  requireSoftmax,
} from "./conversion.ts";
import { stateBytes } from "./memory.ts";
import { type OpenModel, openModel } from "./open-model.ts";
import { loopSettings } from "./stages.ts";
import { trainingText } from "./training-text.ts";

/** A row to be made. */
interface Planned {
  readonly name: string;
  readonly kind: CompareRow["kind"];
  readonly recipe: Recipe<MixerSpec> | SubquadError;
}

/** Runs the recipes one after the other, measures teacher and students alike, and writes the comparison as it grows. */
export const compare: Verb<CompareOptions, CompareDocument> = async (options, context) => {
  const { model = defaultModel, output, budget, tokenizer, family, resume = false } = options;
  const candidates = await candidatesOf(options);
  refuseOtherFolder(output);
  const teacher = await openModel(model, { tokenizer, family, reporter: context.reporter });
  requireSoftmax(teacher);
  const text = await trainingText(options.text, teacher);
  const measurement = await measurementOf(options, teacher, text);
  const finetuning = options.finetunedTeacher ? finetuningRecipe(candidates) : undefined;
  const planned: Planned[] = candidates.map((candidate) => ({ ...candidate, kind: "recipe" }));
  if (finetuning !== undefined) {
    const recipe = finetunedTeacherRecipe(finetuning, teacher.model.mixers.length);
    planned.unshift({ name: finetunedTeacher, kind: "finetuned-teacher", recipe });
  }
  const conversionOf = (name: string, recipe: Recipe<MixerSpec>): Conversion => {
    return { teacher, recipe, text, output: join(output, name), resume, threads: options.threads };
  };
  // Before anything is written: what other settings have made is not written over by resuming.
  if (resume)
    for (const { name, recipe } of planned)
      if (!(recipe instanceof SubquadError)) await finishedReport(conversionOf(name, recipe));
  const known = resume ? await writtenRows(output) : [];
  const rows: CompareRow[] = [await teacherRow(teacher, measurement, known, options, context)];
  const document = (): CompareDocument => ({
    model,
    output,
    budget,
    lengths: [...measurement.lengths],
    texts: measurement.texts.map(({ name, ids }) => ({ name, tokens: Math.min(ids.length, options.maxTokens) })),
    finetuned_as: finetuning?.name ?? null,
    rows: ordered(rows),
  });
  const mixers = new Map(
    candidates.flatMap(({ name, recipe }) => (recipe instanceof SubquadError ? [] : [[name, recipe.mixer] as const])),
  );
  const write = () => writeComparison(document(), (name) => mixers.get(name));
  await write();
  for (const [index, { name, kind, recipe }] of planned.entries()) {
    context.reporter.note(`${name} (${index + 1} of ${planned.length})`);
    const fault = (error: SubquadError) => {
      // What fails when the user wants to stop has not failed by itself.
      context.signal.throwIfAborted();
      context.reporter.warn(`${name}: ${error.message}`);
      return { ...emptyRow, name, kind, error: error.message };
    };
    if (recipe instanceof SubquadError) rows.push(fault(recipe));
    else {
      const conversion = conversionOf(name, recipe);
      const made = convertedRow({ name, kind, conversion, measurement, known, teacher: rows[0] }, context);
      rows.push(await made.catch((error: unknown) => fault(namedFault(error))));
    }
    await write();
  }
  const faults = rows.flatMap(({ name, error }) => (error === null ? [] : [`${name}: ${error}`]));
  if (faults.length === planned.length) throw new SubquadError(`no recipe could be run\n${faults.join("\n")}`);
  return document();
};

const emptyRow: Omit<CompareRow, "name" | "kind"> = {
  output: null,
  error: null,
  tokens: 0,
  seconds: 0,
  tokens_per_second: 0,
  stages: [],
  texts: [],
  state_bytes_per_sequence: 0,
  kv_bytes_per_token: 0,
  fingerprint: "",
};

function memoryOf(model: OpenModel["model"]): Pick<CompareRow, "state_bytes_per_sequence" | "kv_bytes_per_token"> {
  const { perSequence, perToken } = stateBytes(model);
  return { state_bytes_per_sequence: perSequence, kv_bytes_per_token: perToken };
}

/** A row that an earlier run has written with the same fingerprint and could be run. */
function findRow(known: readonly CompareRow[], fingerprint: string): CompareRow | undefined {
  return known.find((row) => row.fingerprint === fingerprint && row.error === null);
}

function rowFingerprint(made: string, { fingerprint }: Measurement): string {
  return createHash("sha256").update(`${made} ${fingerprint}`).digest("hex");
}

async function teacherRow(
  teacher: OpenModel,
  measurement: Measurement,
  known: readonly CompareRow[],
  { threads }: CompareOptions,
  context: Context,
): Promise<CompareRow> {
  const fingerprint = rowFingerprint(teacher.fingerprint, measurement);
  const found = findRow(known, fingerprint);
  if (found !== undefined) return found;
  const texts = await measured(measurement, teacher, undefined, { threads, context });
  return { ...emptyRow, name: "teacher", kind: "teacher", texts, ...memoryOf(teacher.model), fingerprint };
}

interface RowToMake {
  readonly name: string;
  readonly kind: CompareRow["kind"];
  readonly conversion: Conversion;
  readonly measurement: Measurement;
  /** Rows of an earlier run. */
  readonly known: readonly CompareRow[];
  readonly teacher: CompareRow | undefined;
}

async function convertedRow(
  { name, kind, conversion, measurement, known, teacher }: RowToMake,
  context: Context,
): Promise<CompareRow> {
  const fingerprint = rowFingerprint(conversionFingerprint(conversion), measurement);
  const found = findRow(known, fingerprint);
  if (found !== undefined) return { ...found, name, kind, output: conversion.output };
  const finished = conversion.resume ? await finishedConversion(conversion) : undefined;
  const { document, model } = finished ?? (await convertByRecipe(conversion, context));
  const { threads, output, recipe } = conversion;
  const texts = await measured(measurement, { name, model }, teacher?.texts, { threads, context });
  return {
    ...{ name, kind, output, error: null, texts, fingerprint },
    ...costOf(recipe, document),
    ...memoryOf(model),
  };
}

/** What training took. Groups of layers that take turns read the same text: its tokens count once. */
function costOf(
  { stages: settings }: Recipe<MixerSpec>,
  { stages }: LinearizeDocument,
): Pick<CompareRow, "tokens" | "seconds" | "tokens_per_second" | "stages"> {
  const tokens = settings.reduce((sum, stage) => {
    const { steps, tokensPerStep } = courseOf(loopSettings(stage));
    return sum + steps * tokensPerStep;
  }, 0);
  const seconds = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  return {
    tokens,
    seconds,
    tokens_per_second: seconds > 0 ? tokens / seconds : 0,
    stages: stages.map(({ curve: _curve, tokens_per_second: _rate, ...stage }) => stage),
  };
}
