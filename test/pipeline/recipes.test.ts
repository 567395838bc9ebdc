/** Every built-in recipe on a small model: its losses fall, it is saved, read back, and goes on as its whole sequence says. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generate } from "../../src/pipeline/generate.ts";
import { linearize } from "../../src/pipeline/linearize.ts";
import { logits } from "../../src/pipeline/logits.ts";
import { loadLinearizeRecipe } from "../../src/pipeline/recipes.ts";
import { listRecipes } from "../../src/recipes/index.ts";
import { recordingContext } from "./context.ts";
import { type SmallTeacher, smallTeacher } from "./small-teacher.ts";

let small: SmallTeacher;

beforeAll(async () => {
  small = await smallTeacher();
});

afterAll(() => small.remove());

const recipes = (await listRecipes()).filter(({ kind }) => kind === "linearize").map(({ name }) => name);

/** Tokens of a sequence. */
const length = 96;

/** A stage in so few steps: at a rate at which they show, without what the published schedules begin with; and windows that end. */
async function fitted(name: string): Promise<string[]> {
  const { stages, mixer } = await loadLinearizeRecipe(name);
  const wide = Object.entries(mixer.window ?? {}).filter(([, size]) => typeof size === "number" && size > length);
  const narrowed = wide.map(([key]) => `mixer.window.${key}=8`);
  const settings = stages.flatMap((stage) => {
    const rate = stage.kind === "layerwise" ? 0.01 : 0.003;
    const keys = { accumulate: 1, evaluate_every: 4, learning_rate: rate, "schedule.kind": "constant", clip: 1 };
    return Object.entries(keys).map(([key, value]) => `stages.${stage.name}.${key}=${value}`);
  });
  return [...narrowed, ...settings];
}

describe.each(recipes)("%s", (recipe) => {
  test("lowers its losses, is saved, read back, and continues as its whole sequence says", async () => {
    const { folder, teacher: model, text } = small;
    const output = join(folder, recipe);
    const { context } = recordingContext();
    const set = await fitted(recipe);
    const budget = { tokens: 1920, length, batch: 2, seed: 3, threads: 1 };
    const { stages } = await linearize({ model, recipe, text: [text], output, set, ...budget }, context);
    for (const { name, loss_first, loss_last } of stages) expect(loss_last, name).toBeLessThan(loss_first ?? 0);
    const ids = [76, 111, 114, 101, 109, 32];
    const more = { model: output, temperature: 0, topP: 1, seed: 0, threads: 1 };
    const { ids: next } = await generate({ ...more, ids, maxTokens: 6, ignoreEos: true }, context);
    // By the step program token by token, and by the whole sequence at once: the laws of mixers, inside a model.
    for (const [index, id] of next.entries()) {
      const whole = await logits(
        { model: output, ids: [...ids, ...next.slice(0, index)], top: 1, threads: 1 },
        context,
      );
      expect(whole.top_ids[0], `token ${index}`).toBe(id);
    }
  });
});
