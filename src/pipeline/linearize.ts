/** `linearize`: a softmax teacher in, a trained, verified linear-time model out. */
import { defaultModel, fittedChanges } from "./built-in/models.ts";
import type { LinearizeDocument, LinearizeOptions, Verb } from "./contract.ts";
import { convertByRecipe, requireReplaced, requireSoftmax } from "./conversion.ts";
import { openModel } from "./open-model.ts";
import { loadLinearizeRecipe } from "./recipes.ts";
import { trainingText } from "./training-text.ts";

export { planLinearize } from "./plan-linearize.ts";

/** Converts, trains, compares with the teacher and writes the output folder. */
export const linearize: Verb<LinearizeOptions, LinearizeDocument> = async (options, context) => {
  const { model = defaultModel, output, resume = false, threads, tokenizer, family } = options;
  const recipe = await loadLinearizeRecipe(options.recipe, fittedChanges(model, options.recipe, options));
  const teacher = await openModel(model, { tokenizer, family, reporter: context.reporter });
  requireSoftmax(teacher);
  requireReplaced(teacher, recipe);
  const text = await trainingText(options.text, teacher);
  const { document } = await convertByRecipe({ teacher, recipe, text, output, resume, threads }, context);
  return document;
};
