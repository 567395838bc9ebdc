/** The library: the same verbs as the command line, and what they are made of. */
export { FormatError, SubquadError } from "./errors.ts";
export { bench } from "./pipeline/bench.ts";
export { chat } from "./pipeline/chat.ts";
export { compare } from "./pipeline/compare.ts";
export type * from "./pipeline/contract.ts";
export { classificationDataset, listOpsDataset, retrievalDataset } from "./pipeline/dataset.ts";
export { evaluate } from "./pipeline/evaluate.ts";
export { generate } from "./pipeline/generate.ts";
export { inspect } from "./pipeline/inspect.ts";
export { linearize, planLinearize } from "./pipeline/linearize.ts";
export { logits } from "./pipeline/logits.ts";
export { benchMixers, checkMixers, listMixers, showMixer } from "./pipeline/mixers.ts";
export { pretrain } from "./pipeline/pretrain.ts";
export { probe } from "./pipeline/probe.ts";
export { recallDataset } from "./pipeline/recall-dataset.ts";
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
