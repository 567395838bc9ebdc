/** `linearize --dry-run`: memory, disk and time of a conversion, before any of it. */

import { createEngine } from "../runtime/index.ts";
import { DataOrder } from "../training/data-order.ts";
import { courseOf } from "../training/loop.ts";
import { defaultModel, fittedChanges } from "./built-in/models.ts";
import type { LinearizeOptions, LinearizePlanDocument, Verb } from "./contract.ts";
import { comparedLengths } from "./evaluate.ts";
import { comparisonMemory, stageMemory, weightBytes } from "./memory.ts";
import { openModel } from "./open-model.ts";
import { loadLinearizeRecipe } from "./recipes.ts";
import { loopSettings, type PlannedStage, plannedStages, startStage } from "./stages.ts";
import { convert } from "./student.ts";
import { defaultThreads } from "./threads.ts";
import { trainingText } from "./training-text.ts";

/** Measures one micro-batch of each stage (its second: the first compiles) and multiplies. */
export const planLinearize: Verb<LinearizeOptions, LinearizePlanDocument> = async (options, context) => {
  const name = options.model ?? defaultModel;
  const recipe = await loadLinearizeRecipe(options.recipe, fittedChanges(name, options.recipe, options));
  const teacher = await openModel(name, {
    tokenizer: options.tokenizer,
    family: options.family,
    reporter: context.reporter,
  });
  const text = await trainingText(options.text, teacher);
  const student = convert(teacher.model, recipe);
  const engine = createEngine({ threads: options.threads ?? defaultThreads() });
  const measure = async ({ stage, layers }: PlannedStage): Promise<number> => {
    const { trainee } = startStage(stage, {
      engine,
      student,
      teacher: teacher.model.weights,
      heldOut: [],
      seed: recipe.seed,
      ...(layers && { layers }),
    });
    const data = new DataOrder(text.train, stage.length, recipe.seed);
    await trainee.gradients(data.batch(0, stage.batch), 0);
    const timed = async () => {
      const began = performance.now();
      await trainee.gradients(data.batch(1, stage.batch), 1);
      return (performance.now() - began) / 1000;
    };
    const { repeats } = loopSettings(stage);
    const first = await timed();
    // Text that is learned from again may cost less.
    const again = repeats > 1 ? await timed() : 0;
    return ((first + (repeats - 1) * again) * stage.tokens) / (stage.length * stage.batch);
  };
  try {
    const stages: LinearizePlanDocument["stages"] = [];
    for (const planned of plannedStages(recipe.stages, teacher.model.mixers.length)) {
      const { stage } = planned;
      context.signal.throwIfAborted();
      stages.push({
        name: stage.name,
        tokens: stage.tokens,
        steps: courseOf(loopSettings(stage)).steps,
        memory_bytes: stageMemory(student, stage),
        seconds: await measure(planned),
      });
    }
    const weights = weightBytes(teacher.model.architecture);
    return {
      model: teacher.name,
      output: options.output,
      recipe: recipe.name,
      seconds: stages.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0),
      peak_memory_bytes: Math.max(
        ...stages.map(({ memory_bytes }) => memory_bytes),
        comparisonMemory(student, Math.max(...comparedLengths(teacher.model, text.heldOut.ids.length))),
      ),
      disk_bytes: 2 * weights,
      stages,
    };
  } finally {
    await engine.release();
  }
};
