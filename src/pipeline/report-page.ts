/** The pages that verbs write beside their documents. */
import { reportPage } from "../evaluation/report/page.ts";
import { isConverted, type Model, ownMixers } from "../inference/model.ts";
import type { MixerSpec } from "../mixers/index.ts";
import { annotatedYaml, type Recipe } from "../recipes/index.ts";
import type { EvaluateDocument, LinearizeDocument } from "./contract.ts";
import { type Provenance, provenanceOf } from "./layer-plan.ts";
import { stateBytes } from "./memory.ts";
import type { OpenModel } from "./open-model.ts";
import { linearizeRecipeSchema } from "./recipes.ts";

/** What a model keeps of a sequence, beside its own attention in its place; in bytes. */
export function stateRecord(model: Model) {
  const sizeOf = (sized: Model) => {
    const { perSequence, perToken } = stateBytes(sized);
    return { per_sequence: perSequence, per_token: perToken };
  };
  const softmax = { ...model, mixers: ownMixers(model.architecture) };
  return { model: sizeOf(model), softmax: sizeOf(softmax), context: model.architecture.context };
}

/** The page of a conversion. */
export function conversionPage(
  document: LinearizeDocument,
  from: { readonly student: Model; readonly recipe: Recipe<MixerSpec>; readonly provenance: Provenance },
): string {
  const { evaluation, ...conversion } = document;
  const { student, recipe, provenance } = from;
  const settings = { yaml: annotatedYaml(linearizeRecipeSchema, recipe), paper: recipe.paper };
  return reportPage({ evaluation, conversion, state: stateRecord(student), settings, provenance });
}

/** The page of an evaluation: what the model's own folder tells of its making stands beside it. */
export function evaluationPage(evaluation: EvaluateDocument, { model, config }: OpenModel): string {
  const provenance = provenanceOf(config);
  return reportPage({
    evaluation,
    ...(isConverted(model) && { state: stateRecord(model) }),
    ...(provenance && { provenance }),
  });
}
