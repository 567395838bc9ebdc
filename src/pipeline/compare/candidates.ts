/** What `compare` runs: recipes with one budget each, and the teacher finetuned as one of them. */
import { basename } from "node:path";
import { SubquadError } from "../../errors.ts";
import type { MixerSpec } from "../../mixers/index.ts";
import { type EndToEndStage, listRecipes, type Recipe, recipeKind, type Stage } from "../../recipes/index.ts";
import type { CompareOptions } from "../contract.ts";
import { loadLinearizeRecipe } from "../recipes.ts";

/** What the finetuned teacher is called, and the folder it lies in. */
export const finetunedTeacher = "finetuned-teacher";

/** A recipe to run, or why it cannot be. */
export interface Candidate {
  /** Its name in the comparison, and its folder's. */
  readonly name: string;
  readonly recipe: Recipe<MixerSpec> | SubquadError;
}

/**
 * The recipes that the options name, changed as they say. One that cannot be changed so is told with the others' results; a
 * name that stands for no recipe of `linearize`, or for two, is a SubquadError at once.
 */
export async function candidatesOf(options: CompareOptions): Promise<Candidate[]> {
  const references = options.recipes.length > 0 ? options.recipes : await builtInReferences();
  const names = references.map((reference) => basename(reference).replace(/\.ya?ml$/i, ""));
  const twice = names.find((name, index) => names.indexOf(name) !== index || name === finetunedTeacher);
  if (twice !== undefined) throw new SubquadError(`--recipes: ${twice} stands for two rows; rename one of the files`);
  const settings = settingsOf(options.set ?? [], names);
  return await Promise.all(
    references.map(async (reference, index) => {
      const name = names[index] ?? reference;
      if ((await recipeKind(reference)) !== "linearize")
        throw new SubquadError(`--recipes: ${reference} is a recipe of pretrain; name recipes of linearize`);
      const { budget, length, batch, seed } = options;
      const changes = { budget, length, batch, seed, set: settings(name) };
      return { name, recipe: await loadLinearizeRecipe(reference, changes).catch(namedFault) };
    }),
  );
}

async function builtInReferences(): Promise<string[]> {
  return (await listRecipes()).flatMap(({ name, kind }) => (kind === "linearize" ? [name] : []));
}

/** The error where it is one that names what is wrong; any other is thrown on. */
export function namedFault(error: unknown): SubquadError {
  if (error instanceof SubquadError) return error;
  throw error;
}

/** The settings of each recipe: those for all, and those that begin with its name and a colon. */
function settingsOf(settings: readonly string[], names: readonly string[]): (name: string) => string[] {
  const own = settings.map((setting) => {
    const [, owner, text = setting] = /^([^=:]+):(.*)$/s.exec(setting) ?? [];
    if (owner !== undefined && !names.includes(owner))
      throw new SubquadError(`--set ${setting}: ${owner} is not compared; there are ${names.join(", ")}`);
    return { owner, text };
  });
  return (name) => own.flatMap(({ owner, text }) => (owner === undefined || owner === name ? [text] : []));
}

/**
 * The recipe that finetunes a teacher of so many layers as another one finetunes its student: the same stages end to end, text
 * and tokens, adapters and weights, on softmax layers, learning the next token.
 */
export function finetunedTeacherRecipe(recipe: Recipe<MixerSpec>, layers: number): Recipe<MixerSpec> {
  const stages = recipe.stages.filter(finetunes).map(
    (stage): Stage => ({
      ...stage,
      mixer: null,
      train: { ...stage.train, mixer: [], mixer_rate: 1 },
      loss: { next_token: 1, logits: 0, temperature: 1 },
      window_dropout: [],
    }),
  );
  return {
    ...recipe,
    name: finetunedTeacher,
    summary: `The teacher, finetuned as by ${recipe.name}`,
    layers: { softmax: Array.from({ length: layers }, (_unused, layer) => layer) },
    variants: [],
    stages,
  };
}

/**
 * The recipe whose finetuning the teacher gets: one with adapters before one of whole weights, and of these the one that
 * finetunes on the most tokens, so that no student with adapters has seen more of the text.
 */
export function finetuningRecipe(candidates: readonly Candidate[]): Recipe<MixerSpec> {
  const recipes = candidates.flatMap(({ recipe }) => (recipe instanceof SubquadError ? [] : [recipe]));
  const tokensOf = ({ stages }: Recipe<MixerSpec>) =>
    stages.reduce((sum, stage) => sum + (finetunes(stage) ? stage.tokens : 0), 0);
  const adapted = recipes.filter(({ stages }) => stages.some((stage) => finetunes(stage) && stage.train.lora !== null));
  const [found] = (adapted.length > 0 ? adapted : recipes).toSorted((a, b) => tokensOf(b) - tokensOf(a));
  if (found !== undefined && tokensOf(found) > 0) return found;
  throw new SubquadError("--finetuned-teacher: none of the recipes finetunes anything but its mixer");
}

/** A stage end to end that trains more than the mixer. */
function finetunes(stage: Stage): stage is EndToEndStage {
  return stage.kind === "end_to_end" && (stage.train.lora !== null || stage.train.weights.length > 0);
}
