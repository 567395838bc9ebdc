/** The models that come with the package. */
import { join } from "node:path";
import { packageRoot } from "../../package-root.ts";
import type { RecipeChanges } from "../../recipes/index.ts";

/** Names that stand for a built-in model. */
export const builtInNames: readonly string[] = ["tiny"];

/** The model used where none is named. */
export const defaultModel = "tiny";

/** The folder of a built-in model, in Hugging Face layout. */
export function builtInFolder(name: string): string {
  return join(packageRoot(), "assets", name);
}

/** Settings that fit a recipe, made for models a hundred times as large, to a built-in one: minutes instead of hours. */
const fitted: RecipeChanges = {
  transferTokens: 400_000,
  finetuneTokens: 400_000,
  length: 768,
  batch: 4,
  set: [
    "stages.transfer.accumulate=1",
    "stages.transfer.evaluate_every=50",
    "stages.finetune.accumulate=1",
    "stages.finetune.evaluate_every=50",
    "stages.finetune.learning_rate=0.001",
  ],
};

/** The changes to a recipe for a model: the user's, over those that fit a built-in model where `lolcats` is the recipe. */
export function fittedChanges(model: string, recipe: string, changes: RecipeChanges): RecipeChanges {
  if (!builtInNames.includes(model) || recipe !== "lolcats") return changes;
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const budget =
    changes.tokens === undefined && changes.budget === undefined
      ? fitted
      : { ...fitted, transferTokens: undefined, finetuneTokens: undefined };
  return { ...budget, ...given, set: [...(fitted.set ?? []), ...(changes.set ?? [])] };
}
