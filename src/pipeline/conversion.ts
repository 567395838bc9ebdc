/** A conversion by a recipe that is a value: trained, compared with its teacher, written; and found again where it was done. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { SubquadError } from "../errors.ts";
import { isConverted, type Model } from "../inference/model.ts";
import type { MixerSpec } from "../mixers/index.ts";
import type { Recipe } from "../recipes/index.ts";
import { createEngine, peakProcessMemory } from "../runtime/index.ts";
import { type Context, type LinearizeDocument, linearizeSchema } from "./contract.ts";
import { comparedLengths, compareModels } from "./evaluate.ts";
import { type Provenance, storedPlan } from "./layer-plan.ts";
import { mixerName } from "./mixer-names.ts";
import { type OpenModel, openModel } from "./open-model.ts";
import { readDocument } from "./read-document.ts";
import { conversionPage, stateRecord } from "./report-page.ts";
import { removeCheckpoints, runStages } from "./run-stages.ts";
import { saveModel, writeJson, writeText } from "./save-model.ts";
import { convert } from "./student.ts";
import { defaultThreads } from "./threads.ts";
import type { TrainingText } from "./training-text.ts";
import { versions } from "./versions.ts";

/** Tokens that the comparison at the end of a conversion scores, per length. */
const comparedTokens = 8192;

/** What a conversion is made from. */
export interface Conversion {
  readonly teacher: OpenModel;
  readonly recipe: Recipe<MixerSpec>;
  readonly text: TrainingText;
  /** The folder to write; checkpoints lie below it while the work goes on. */
  readonly output: string;
  /** Go on from the checkpoint in `output`, where there is one. */
  readonly resume: boolean;
  /** Threads of the engine; where absent, as many as the process may use. */
  readonly threads?: number | undefined;
}

/** A conversion that has been done. */
export interface Converted {
  readonly document: LinearizeDocument;
  readonly model: Model;
}

/** Throws a SubquadError for a model that is linearized already. */
export function requireSoftmax({ name, model }: OpenModel): void {
  if (isConverted(model)) throw new SubquadError(`${name}: is linearized already; name its teacher`);
}

/** Throws a SubquadError where a recipe would convert no layer of a model. */
export function requireReplaced({ name, model }: OpenModel, recipe: Recipe<MixerSpec>): void {
  if (isConverted(convert(model, recipe))) return;
  throw new SubquadError(
    `${name}: no layer would be converted: each that reads every token is kept by the recipe, or there is none (set layers=including_local to replace layers with windows or states of their own)`,
  );
}

/** Converts, trains, compares with the teacher and writes the output folder. */
export async function convertByRecipe(conversion: Conversion, context: Context): Promise<Converted> {
  const began = performance.now();
  const { teacher, recipe, text, output, resume, threads } = conversion;
  refuseForeignFolder(output);
  const student = convert(teacher.model, recipe);
  const engine = createEngine({ threads: threads ?? defaultThreads() });
  const checkpoints = join(output, "checkpoint");
  try {
    const trained = await runStages({
      engine,
      teacher: teacher.model,
      student,
      stages: recipe.stages,
      text,
      seed: recipe.seed,
      folder: checkpoints,
      fingerprint: conversionFingerprint(conversion),
      resume,
      context,
    });
    const evaluation = await compareModels(engine, {
      model: { name: output, model: trained.student },
      teacher: { name: teacher.name, model: teacher.model },
      ids: text.heldOut.ids,
      lengths: comparedLengths(teacher.model, text.heldOut.ids.length),
      maxTokens: comparedTokens,
      ablations: true,
      context,
    });
    const document: LinearizeDocument = {
      output,
      recipe: recipe.name,
      seconds: (performance.now() - began) / 1000,
      peak_memory_bytes: peakProcessMemory(),
      stages: [...trained.stages],
      evaluation,
    };
    await writeOutput(conversion, trained.student, document);
    removeCheckpoints(checkpoints);
    return { document, model: trained.student };
  } finally {
    await engine.release();
  }
}

/** A folder that holds something else than an earlier conversion is not written to. */
function refuseForeignFolder(folder: string): void {
  if (!existsSync(folder)) return;
  const files = readdirSync(folder);
  const own = files.includes("report.json") || files.includes("checkpoint");
  if (files.length > 0 && !own)
    throw new SubquadError(`${folder}: holds other files; choose another folder with --output`);
}

/** What tells a conversion from others: teacher, recipe and texts. */
export function conversionFingerprint({
  teacher,
  recipe,
  text,
}: Pick<Conversion, "teacher" | "recipe" | "text">): string {
  const parts = JSON.stringify([teacher.fingerprint, recipe, text.texts.map(({ sha256 }) => sha256)]);
  return createHash("sha256").update(parts).digest("hex");
}

function provenanceOf({ teacher, recipe, text }: Conversion): Provenance {
  return {
    teacher: teacher.name,
    teacher_fingerprint: teacher.fingerprint,
    recipe: recipe.name,
    seed: recipe.seed,
    texts: text.texts.map((record) => ({ ...record })),
    versions: versions(),
    license: typeof teacher.config.license === "string" ? teacher.config.license : null,
  };
}

async function writeOutput(conversion: Conversion, student: Model, document: LinearizeDocument): Promise<void> {
  const { teacher, recipe, output } = conversion;
  const provenance = provenanceOf(conversion);
  const plan = storedPlan(student.mixers, (layer) => mixerName(student, layer, recipe.name), {
    provenance,
    family: teacher.family,
  });
  await saveModel(output, {
    family: teacher.family,
    config: { ...teacher.config, dtype: "float32", subquad: plan },
    generation: teacher.generation ?? { eos_token_id: [...teacher.endOfText] },
    model: student,
    tokenizer: teacher.tokenizer,
  });
  const fingerprint = conversionFingerprint(conversion);
  const state = stateRecord(student);
  await writeText(join(output, "report.html"), conversionPage(document, { student, recipe, provenance }));
  await writeJson(join(output, "report.json"), { ...document, settings: recipe, provenance, state, fingerprint });
}

const reportSchema = linearizeSchema.extend({ fingerprint: z.string() });

/**
 * What an earlier run of the same conversion has written; undefined where there is none, or where it did not come to its
 * end. Throws a SubquadError where the folder holds another conversion.
 */
export async function finishedConversion(conversion: Conversion): Promise<Converted | undefined> {
  const document = await finishedReport(conversion);
  if (document === undefined) return undefined;
  const { model } = await openModel(conversion.output);
  return { document, model };
}

/** The report of `finishedConversion`, without its model. */
export async function finishedReport(conversion: Conversion): Promise<LinearizeDocument | undefined> {
  const { output } = conversion;
  const path = join(output, "report.json");
  if (existsSync(join(output, "checkpoint")) || !existsSync(path)) return undefined;
  const { fingerprint, ...document } = await readDocument(path, reportSchema);
  if (fingerprint === conversionFingerprint(conversion)) return document;
  throw new SubquadError(
    `${output}: holds another run (other model, recipe, settings or texts); choose another folder, remove this one, or leave out --resume to begin anew`,
  );
}
