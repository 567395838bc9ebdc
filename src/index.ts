/** The library: the same verbs as the command line, and what they are made of. */
export { FormatError, SubquadError } from "./errors.ts";
export type * from "./pipeline/contract.ts";
export { linearizeRecipeSchema, loadLinearizeRecipe } from "./pipeline/recipes.ts";
export {
  listRecipes,
  loadPretrainRecipe,
  type PretrainRecipe,
  pretrainSchema,
  type Recipe,
  type RecipeChanges,
  type RecipeEntry,
  type Stage,
} from "./recipes/index.ts";
