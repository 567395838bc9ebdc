/** `linearize`: a softmax teacher in, a trained, verified linear-time model out. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SubquadError } from "../errors.ts";
import type { Model } from "../inference/model.ts";
import type { MixerSpec } from "../mixers/index.ts";
import type { Recipe } from "../recipes/index.ts";
import { createEngine, peakProcessMemory } from "../runtime/index.ts";
import { defaultModel, fittedChanges } from "./built-in/models.ts";
import type { LinearizeDocument, LinearizeOptions, Verb } from "./contract.ts";
import { comparedLengths, compareModels, isConverted } from "./evaluate.ts";
import { type Provenance, storedPlan } from "./layer-plan.ts";
import { type OpenModel, openModel } from "./open-model.ts";
import { loadLinearizeRecipe } from "./recipes.ts";
import { removeCheckpoints, runStages } from "./run-stages.ts";
import { saveModel, writeJson } from "./save-model.ts";
import { convert, mixerName } from "./student.ts";
import { defaultThreads } from "./threads.ts";
import { type TrainingText, trainingText } from "./training-text.ts";
import { versions } from "./versions.ts";

export { planLinearize } from "./plan-linearize.ts";

/** Tokens that the comparison at the end of a conversion scores, per length. */
const comparedTokens = 8192;

/** Converts, trains, compares with the teacher and writes the output folder. */
export const linearize: Verb<LinearizeOptions, LinearizeDocument> = async (options, context) => {
  const began = performance.now();
  const { reporter } = context;
  const name = options.model ?? defaultModel;
  const recipe = await loadLinearizeRecipe(options.recipe, fittedChanges(name, options.recipe, options));
  const teacher = await openModel(name, { tokenizer: options.tokenizer, reporter });
  requireSoftmax(teacher);
  refuseForeignFolder(options.output);
  const text = await trainingText(options.text, teacher);
  const student = convert(teacher.model, recipe);
  const engine = createEngine({ threads: options.threads ?? defaultThreads() });
  const checkpoints = join(options.output, "checkpoint");
  try {
    const trained = await runStages({
      engine,
      teacher: teacher.model,
      student,
      stages: recipe.stages,
      text,
      seed: recipe.seed,
      folder: checkpoints,
      fingerprint: runFingerprint(teacher, recipe, text),
      resume: options.resume ?? false,
      context,
    });
    const evaluation = await compareModels(engine, {
      model: { name: options.output, model: trained.student },
      teacher: { name: teacher.name, model: teacher.model },
      ids: text.heldOut.ids,
      lengths: comparedLengths(teacher.model, text.heldOut.ids.length),
      maxTokens: comparedTokens,
      ablations: true,
      context,
    });
    const document: LinearizeDocument = {
      output: options.output,
      recipe: recipe.name,
      seconds: (performance.now() - began) / 1000,
      peak_memory_bytes: peakProcessMemory(),
      stages: [...trained.stages],
      evaluation,
    };
    await writeOutput(options.output, teacher, trained.student, recipe, text, document);
    removeCheckpoints(checkpoints);
    return document;
  } finally {
    await engine.release();
  }
};

function requireSoftmax({ name, model }: OpenModel): void {
  if (isConverted(model)) throw new SubquadError(`${name}: is linearized already; give linearize its teacher`);
}

/** A folder that holds something else than an earlier conversion is not written to. */
function refuseForeignFolder(folder: string): void {
  if (!existsSync(folder)) return;
  const files = readdirSync(folder);
  const own = files.includes("report.json") || files.includes("checkpoint");
  if (files.length > 0 && !own)
    throw new SubquadError(`${folder}: holds other files; choose another folder with --output`);
}

function runFingerprint(teacher: OpenModel, recipe: Recipe<MixerSpec>, text: TrainingText): string {
  const parts = JSON.stringify([teacher.fingerprint, recipe, text.texts.map(({ sha256 }) => sha256)]);
  return createHash("sha256").update(parts).digest("hex");
}

async function writeOutput(
  output: string,
  teacher: OpenModel,
  student: Model,
  recipe: Recipe<MixerSpec>,
  text: TrainingText,
  document: LinearizeDocument,
): Promise<void> {
  const provenance: Provenance = {
    teacher: teacher.name,
    teacher_fingerprint: teacher.fingerprint,
    recipe: recipe.name,
    seed: recipe.seed,
    texts: text.texts.map((record) => ({ ...record })),
    versions: versions(),
    license: typeof teacher.config.license === "string" ? teacher.config.license : null,
  };
  const plan = storedPlan(student.mixers, (spec) => mixerName(spec, recipe.name), provenance);
  await saveModel(output, {
    family: teacher.family,
    config: { ...teacher.config, dtype: "float32", subquad: plan },
    generation: teacher.generation ?? { eos_token_id: [...teacher.endOfText] },
    model: student,
    tokenizer: teacher.tokenizer,
  });
  await writeJson(join(output, "report.json"), { ...document, settings: recipe, provenance });
}
