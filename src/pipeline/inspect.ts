/** `inspect`: what a model is, and what it or its conversion would need, before any work. */
import { isEncoder, parameterCount } from "../families/index.ts";
import { isConverted, isReplaced } from "../inference/model.ts";
import type { InspectDocument, InspectOptions, Verb } from "./contract.ts";
import { mixerLabels } from "./layer-plan.ts";
import { decodeMemory, finetuneMemory, stateBytes, transferMemory } from "./memory.ts";
import { describeModel } from "./open-model.ts";
import { loadLinearizeRecipe } from "./recipes.ts";
import { convert } from "./student.ts";
import { defaultThreads } from "./threads.ts";
import { secondsNeeded } from "./time-needed.ts";

/** What is looked at where no recipe is named. */
const defaultRecipes = { decoder: "lolcats", encoder: "hedgehog" } as const;

/** Describes a model by its headers, converted by the recipe where one is named. */
export const inspect: Verb<InspectOptions, InspectDocument> = async (options, { reporter }) => {
  const { model, config } = await describeModel(options.model, { family: options.family, reporter });
  const { architecture } = model;
  const recipe = await loadLinearizeRecipe(
    options.recipe ?? defaultRecipes[isEncoder(architecture) ? "encoder" : "decoder"],
    options,
  );
  const student = isConverted(model) ? model : convert(model, recipe);
  const shown = options.recipe === undefined ? model : student;
  const transfer = recipe.stages.find((stage) => stage.kind === "layerwise");
  const finetune = recipe.stages.find((stage) => stage.kind === "end_to_end");
  const { perSequence, perToken } = stateBytes(shown);
  const converts = student !== model && isConverted(student);
  const becomes = (layer: number) => (converts && isReplaced(student, layer) ? recipe.name : null);
  return {
    family: architecture.family,
    parameters: parameterCount(architecture),
    recipe: recipe.name,
    layers: mixerLabels(shown, config, recipe.name).map((mixer, layer) => ({ mixer, replaced_by: becomes(layer) })),
    context: perToken > 0 || architecture.embedding.positions !== undefined ? architecture.context : null,
    state_bytes_per_sequence: perSequence,
    kv_bytes_per_token: perToken,
    memory_needed: {
      transfer: transfer === undefined ? null : transferMemory(student, transfer),
      finetune: finetune === undefined ? null : finetuneMemory(student, finetune),
      decode: decodeMemory(shown),
    },
    training_tokens: recipe.stages.reduce((sum, { tokens }) => sum + tokens, 0),
    seconds_needed: converts ? await secondsNeeded(student, recipe, options.threads ?? defaultThreads()) : null,
  };
};
