/** Recipes: published methods as data, checked by one schema. */
export { annotatedYaml } from "./annotate.ts";
export { budgetRecipe } from "./budget.ts";
export { type KeyRow, keyRows } from "./describe.ts";
export { describeIssues } from "./issues.ts";
export { editorSchema } from "./json-schema.ts";
export {
  listRecipes,
  loadPretrainRecipe,
  loadRecipe,
  type RecipeChanges,
  type RecipeEntry,
  type RecipeKind,
  recipeKind,
  recipesFolder,
} from "./load.ts";
export { hint, nearestNames } from "./nearest.ts";
export { overrideRecipe, type RecipeOverrides } from "./overrides.ts";
export { changedMixer } from "./preset.ts";
export { type PretrainRecipe, type PretrainStage, pretrainSchema } from "./pretrain-schema.ts";
export { type LayerChoice, opaqueMixer, type Recipe, recipeSchema } from "./schema.ts";
export { applySettings } from "./settings.ts";
export { type EndToEndStage, type LayerwiseStage, type Stage, stageSchema, weightGroups } from "./stage-schema.ts";
export { formatTokenCount, parseTokenCount } from "./token-count.ts";
export { readYaml } from "./yaml-source.ts";
