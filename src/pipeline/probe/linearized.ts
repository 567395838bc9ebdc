/** The linearized layers that a teacher is probed with: out of a folder, or trained for the purpose. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SubquadError } from "../../errors.ts";
import { isConverted, type Model } from "../../inference/model.ts";
import type { MixerSpec } from "../../mixers/index.ts";
import { budgetRecipe, type Recipe } from "../../recipes/index.ts";
import { fittedChanges } from "../built-in/models.ts";
import type { Context, ProbeOptions } from "../contract.ts";
import { convertByRecipe, finishedConversion } from "../conversion.ts";
import { readLayerPlan } from "../layer-plan.ts";
import { type OpenModel, openModel } from "../open-model.ts";
import { loadLinearizeRecipe } from "../recipes.ts";
import { convert } from "../student.ts";
import type { TrainingText } from "../training-text.ts";

/** Layers to come: what is known of them before any training. */
export interface Linearized {
  /** The name of the recipe. */
  readonly recipe: string;
  /** Each layer's mixer. */
  readonly specs: readonly MixerSpec[];
  /** The model they belong to, trained where it must be. */
  model(): Promise<Model>;
}

/** What layers are trained on, and where that is reported. */
export interface Surroundings {
  readonly text: () => Promise<TrainingText>;
  readonly context: Context;
}

/** The layers that the options name. Throws a SubquadError for a folder of another teacher, or a recipe without layerwise stages. */
export async function linearizedLayers(
  teacher: OpenModel,
  options: ProbeOptions,
  surroundings: Surroundings,
): Promise<Linearized> {
  if (options.linear !== undefined) return await storedLayers(teacher, options.linear, surroundings.context);
  const recipe = await layerwiseRecipe(options);
  return {
    recipe: recipe.name,
    specs: convert(teacher.model, recipe).mixers.map(({ spec }) => spec),
    model: () => trainedLayers(teacher, recipe, options, surroundings),
  };
}

async function storedLayers(teacher: OpenModel, folder: string, { reporter }: Context): Promise<Linearized> {
  const { path, config, model } = await openModel(folder, { reporter });
  const provenance = readLayerPlan(path, config, model.architecture).provenance;
  if (!isConverted(model))
    throw new SubquadError(`${folder}: has no linearized layer; name a folder that linearize has written`);
  if (provenance?.teacher_fingerprint !== teacher.fingerprint) {
    throw new SubquadError(
      `${folder}: was linearized from ${provenance?.teacher ?? "a teacher it does not name"}, which is not the model given here`,
    );
  }
  return { recipe: provenance.recipe, specs: model.mixers.map(({ spec }) => spec), model: async () => model };
}

/** The recipe's layerwise stages alone, on all layers, with the tokens to spend. */
async function layerwiseRecipe({ model, recipe: name, tokens, ...options }: ProbeOptions): Promise<Recipe<MixerSpec>> {
  const { length, batch, seed, set } = options;
  const recipe = await loadLinearizeRecipe(name, fittedChanges(model, name, { length, batch, seed, set }));
  const stages = recipe.stages.filter(({ kind }) => kind === "layerwise");
  if (stages.length === 0) {
    throw new SubquadError(
      `${recipe.name}: has no layerwise stage to train single layers by; linearize the model first, and name its folder with --with`,
    );
  }
  return budgetRecipe({ ...recipe, layers: "all", stages }, tokens);
}

async function trainedLayers(
  teacher: OpenModel,
  recipe: Recipe<MixerSpec>,
  { output, resume = false, threads }: ProbeOptions,
  { text, context }: Surroundings,
): Promise<Model> {
  const temporary = output === undefined ? mkdtempSync(join(tmpdir(), "subquad-probe-")) : undefined;
  try {
    const conversion = { teacher, recipe, text: await text(), output: output ?? temporary ?? "", resume, threads };
    const finished = resume ? await finishedConversion(conversion) : undefined;
    return (finished ?? (await convertByRecipe(conversion, context))).model;
  } finally {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}
