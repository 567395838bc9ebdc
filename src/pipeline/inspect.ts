/** `inspect`: what a model is, and what it or its conversion would need. */
import { parameterCount } from "../families/index.ts";
import { isConverted } from "../inference/model.ts";
import type { InspectDocument, InspectOptions, Verb } from "./contract.ts";
import { mixerLabels } from "./layer-plan.ts";
import { decodeMemory, finetuneMemory, stateBytes, transferMemory } from "./memory.ts";
import { openModel } from "./open-model.ts";
import { loadLinearizeRecipe } from "./recipes.ts";
import { convert } from "./student.ts";

const defaultRecipe = "lolcats";

/** Describes a model, converted by the recipe where one is named. */
export const inspect: Verb<InspectOptions, InspectDocument> = async (options, { reporter }) => {
  const opened = await openModel(options.model, { tokenizer: options.tokenizer, family: options.family, reporter });
  const { architecture } = opened.model;
  const recipe = await loadLinearizeRecipe(options.recipe ?? defaultRecipe, options);
  const student = isConverted(opened.model) ? opened.model : convert(opened.model, recipe);
  const shown = options.recipe === undefined ? opened.model : student;
  const labels = mixerLabels(shown, opened.config, recipe.name);
  const transfer = recipe.stages.find((stage) => stage.kind === "layerwise");
  const finetune = recipe.stages.find((stage) => stage.kind === "end_to_end");
  const { perSequence, perToken } = stateBytes(shown);
  return {
    family: architecture.family,
    parameters: parameterCount(architecture),
    layers: labels.map((mixer) => ({ mixer })),
    context: perToken > 0 ? architecture.context : null,
    state_bytes_per_sequence: perSequence,
    kv_bytes_per_token: perToken,
    memory_needed: {
      transfer: transfer === undefined ? null : transferMemory(student, transfer),
      finetune: finetune === undefined ? null : finetuneMemory(student, finetune),
      decode: decodeMemory(shown),
    },
  };
};
