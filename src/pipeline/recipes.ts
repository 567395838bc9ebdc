/** Recipes as the pipeline runs them: their mixer checked by the mixers' own schema. */
import { type MixerSpec, mixerSpec, parseMixer } from "../mixers/index.ts";
import {
  changedMixer,
  loadRecipe,
  type Recipe,
  type RecipeChanges,
  recipeSchema,
  type Stage,
} from "../recipes/index.ts";
import { presetOf } from "./mixers/describe.ts";

/** The schema of a recipe's mixer: each axis, and that the axes fit each other. */
export const mixerSchema = mixerSpec.superRefine((spec, context) => {
  try {
    parseMixer(spec);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, field, problem] = /^mixer\.(\w+): (.*)$/s.exec(message) ?? [];
    context.addIssue({ code: "custom", path: field === undefined ? [] : [field], message: problem ?? message });
  }
});

/** The schema of recipes of `linearize`. */
export const linearizeRecipeSchema = recipeSchema(mixerSchema);

/** Loads a recipe of `linearize` by name or path; see `loadRecipe` for its errors. */
export async function loadLinearizeRecipe(reference: string, changes: RecipeChanges = {}): Promise<Recipe<MixerSpec>> {
  const recipe = await loadRecipe(reference, mixerSchema, changes, (name) => presetOf(name).preset.spec);
  // A stage's own mixer is checked before any of them is run.
  for (const stage of recipe.stages) stageMixer(stage, recipe.mixer);
  for (const [index, variant] of recipe.variants.entries()) variantMixer(variant, index, recipe.mixer);
  return recipe;
}

/** The mixer of a stage: the recipe's with the stage's own changes. Throws a MixerError that names what does not fit. */
export function stageMixer({ name, mixer: changes }: Pick<Stage, "name" | "mixer">, mixer: MixerSpec): MixerSpec {
  return changes === null ? mixer : parseMixer(changedMixer(mixer, changes), `stages.${name}.mixer`);
}

/** The mixer of some layers: the recipe's with their own changes. Throws a MixerError that names what does not fit. */
export function variantMixer(
  { mixer: changes }: Recipe["variants"][number],
  index: number,
  mixer: MixerSpec,
): MixerSpec {
  return parseMixer(changedMixer(mixer, changes), `variants.${index}.mixer`);
}
