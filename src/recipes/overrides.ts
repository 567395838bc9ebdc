/** The numbers that the command line puts over a recipe's: token budgets, length, batch and seed. */
import { SubquadError } from "../errors.ts";
import { budgetRecipe } from "./budget.ts";
import type { Recipe } from "./schema.ts";
import type { Stage } from "./stage-schema.ts";

/** Numbers that override a recipe's; absent ones leave it as it is. */
export interface RecipeOverrides {
  /** Tokens of all stages together, in the recipe's own proportions; stands alone, without the token counts below. */
  readonly budget?: number | undefined;
  /** Tokens of every stage. */
  readonly tokens?: number | undefined;
  /** Tokens of the stages of kind layerwise, instead of `tokens`; 0 leaves them out. */
  readonly transferTokens?: number | undefined;
  /** Tokens of the stages of kind end_to_end, instead of `tokens`; 0 leaves them out. */
  readonly finetuneTokens?: number | undefined;
  readonly length?: number | undefined;
  readonly batch?: number | undefined;
  readonly seed?: number | undefined;
}

/**
 * The recipe with the overrides on top.
 * @throws SubquadError where an override is for a kind of stage that the recipe does not have, where a budget stands beside
 * tokens of stages, or where it is too small.
 */
export function overrideRecipe<Mixer>(recipe: Recipe<Mixer>, overrides: RecipeOverrides): Recipe<Mixer> {
  requireOneBudget(overrides);
  requireStage(recipe, "layerwise", overrides.transferTokens, "--transfer-tokens");
  requireStage(recipe, "end_to_end", overrides.finetuneTokens, "--finetune-tokens");
  const stages = recipe.stages
    .map((stage): Stage => {
      const own = stage.kind === "layerwise" ? overrides.transferTokens : overrides.finetuneTokens;
      return {
        ...stage,
        tokens: own ?? overrides.tokens ?? stage.tokens,
        length: overrides.length ?? stage.length,
        batch: overrides.batch ?? stage.batch,
      };
    })
    .filter(({ tokens }) => tokens > 0);
  const changed = { ...recipe, stages, seed: overrides.seed ?? recipe.seed };
  return overrides.budget === undefined ? changed : budgetRecipe(changed, overrides.budget);
}

function requireOneBudget({ budget, tokens, transferTokens, finetuneTokens }: RecipeOverrides): void {
  if (budget === undefined || [tokens, transferTokens, finetuneTokens].every((count) => count === undefined)) return;
  throw new SubquadError("--budget is for all stages together: leave out the tokens of single stages beside it");
}

function requireStage(recipe: Recipe<unknown>, kind: Stage["kind"], tokens: number | undefined, flag: string): void {
  if (tokens === undefined || recipe.stages.some((stage) => stage.kind === kind)) return;
  throw new SubquadError(
    `${flag}: the recipe ${recipe.name} has no stage of kind ${kind}; its stages are ${
      recipe.stages.map((stage) => `${stage.name} (${stage.kind})`).join(", ") || "none"
    }`,
  );
}
