/** One budget for all stages: what it is shared out to, and what becomes of stages that grow short. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fittedChanges } from "../../src/pipeline/built-in/models.ts";
import { loadLinearizeRecipe } from "../../src/pipeline/recipes.ts";
import { loopSettings } from "../../src/pipeline/stages.ts";
import { budgetRecipe, listRecipes, type Recipe } from "../../src/recipes/index.ts";
import { courseOf } from "../../src/training/loop.ts";

const names = (await listRecipes()).filter(({ kind }) => kind === "linearize").map(({ name }) => name);
const recipes = await Promise.all(names.map((name) => loadLinearizeRecipe(name)));

const totalOf = ({ stages }: Pick<Recipe<unknown>, "stages">) => stages.reduce((sum, { tokens }) => sum + tokens, 0);

describe("a budget", () => {
  test("is shared out in the recipe's own proportions", async () => {
    const tokens = async (name: string, budget: number, length = 512) =>
      (await loadLinearizeRecipe(name, { budget, length })).stages.map((stage) => stage.tokens);
    expect(await tokens("gated-delta-net", 900_000)).toEqual([200_000, 500_000, 200_000]);
    expect(await tokens("lolcats", 600_000)).toEqual([300_000, 300_000]);
    expect(await tokens("hedgecats", 1_100_000)).toEqual([1_000_000, 100_000]);
    expect(await tokens("supra", 12_345)).toEqual([12_345]);
    // Each group of layers reads the same text: it is counted once.
    expect(await tokens("lolcats-blockwise", 600_000)).toEqual([300_000, 300_000]);
  });

  test("gives every stage its one step first", async () => {
    // 10 : 1 of 6000 would leave 545 tokens, and a step takes 1024.
    const { stages } = await loadLinearizeRecipe("hedgecats", { budget: 6000, length: 1024 });
    expect(stages.map((stage) => stage.tokens)).toEqual([4976, 1024]);
    expect(stages.map((stage) => courseOf(loopSettings(stage)).steps)).toEqual([4, 1]);
  });

  test("that is less than one step of each stage is refused, with the least that would do", async () => {
    const load = (budget: number) => loadLinearizeRecipe("lolcats-laptop", { budget });
    await expect(load(4095)).rejects.toThrow("4095 tokens is less than one step of each stage of lolcats-laptop");
    await expect(load(4095)).rejects.toThrow("which take 4096");
    expect(totalOf(await load(4096))).toBe(4096);
  });

  test("does not stand beside tokens of single stages", async () => {
    for (const key of ["tokens", "transferTokens", "finetuneTokens"])
      await expect(loadLinearizeRecipe("lolcats", { budget: 1e6, [key]: 1e5 })).rejects.toThrow("leave out the tokens");
  });

  test("takes the place of the tokens that fit a built-in model, and of nothing else that does", async () => {
    const { stages } = await loadLinearizeRecipe("lolcats", fittedChanges("tiny", "lolcats", { budget: 60_000 }));
    expect(stages.map(({ tokens, batch, length }) => [tokens, batch, length])).toEqual([
      [30_000, 4, 768],
      [30_000, 4, 768],
    ]);
  });
});

describe("a stage of fewer steps", () => {
  test("takes smaller ones until there are a hundred, and warms up for a tenth of them", async () => {
    const stageOf = async (budget: number) => {
      const { stages } = await loadLinearizeRecipe("supra", { budget, length: 100 });
      const { accumulate, schedule, evaluate_every } = stages[0] ?? { schedule: {} };
      return { accumulate, ...schedule, evaluate_every };
    };
    const cosine = { kind: "cosine", minimum: 3e-5 };
    // Eight sequences a step as published, of 100 tokens each: 1000 steps, 100 steps, then fewer sequences a step.
    expect(await stageOf(800_000)).toEqual({ ...cosine, accumulate: 8, warmup: 50, evaluate_every: 100 });
    expect(await stageOf(80_000)).toEqual({ ...cosine, accumulate: 8, warmup: 10, evaluate_every: 10 });
    expect(await stageOf(79_999)).toEqual({ ...cosine, accumulate: 7, warmup: 11, evaluate_every: 11 });
    expect(await stageOf(10_000)).toEqual({ ...cosine, accumulate: 1, warmup: 10, evaluate_every: 10 });
    expect(await stageOf(1_900)).toEqual({ ...cosine, accumulate: 1, warmup: 1, evaluate_every: 1 });
    expect(await stageOf(500)).toEqual({ ...cosine, accumulate: 1, warmup: 0, evaluate_every: 1 });
  });

  test("counts the steps on each teacher pass", async () => {
    const set = ["stages.transfer.updates_per_pass=5", "stages.transfer.accumulate=4"];
    // 80 passes of one sequence: 20 updates of four would do, five steps each.
    const { stages } = await loadLinearizeRecipe("lolcats", { budget: 16_000, length: 100, set });
    expect(stages[0]?.accumulate).toBe(4);
    expect(stages[1]?.accumulate).toBe(1);
  });
});

test("any budget is kept, shared in proportion, and leaves steps enough", () => {
  const cases = fc.record({
    recipe: fc.constantFrom(...recipes),
    budget: fc.integer({ min: 1, max: 60_000_000 }),
    length: fc.integer({ min: 2, max: 5000 }),
    batch: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(cases, ({ recipe: published, budget, length, batch }) => {
      const recipe = { ...published, stages: published.stages.map((stage) => ({ ...stage, length, batch })) };
      const least = length * batch;
      if (budget < least * recipe.stages.length) {
        expect(() => budgetRecipe(recipe, budget)).toThrow("less than one step");
        return;
      }
      const { stages } = budgetRecipe(recipe, budget);
      const total = totalOf({ stages });
      expect(total).toBeLessThanOrEqual(budget);
      expect(total).toBeGreaterThan(budget - stages.length);
      const proportion = (stage: Recipe["stages"][number], index: number) =>
        stage.tokens / (recipe.stages[index]?.tokens ?? 0);
      // Who has more than a step has its proportion, to the token; who would have had less has one step.
      const most = Math.max(0, ...stages.map((stage, index) => (stage.tokens > least ? proportion(stage, index) : 0)));
      for (const [index, stage] of stages.entries()) {
        const before = recipe.stages[index] ?? stage;
        const { steps } = courseOf(loopSettings(stage));
        expect(stage.tokens).toBeGreaterThanOrEqual(least);
        if (stage.tokens > least) expect(stage.tokens).toBeGreaterThan(most * before.tokens - 1 - 1e-6);
        else expect(most * before.tokens).toBeLessThan(least + 1);
        expect(stage.accumulate).toBeLessThanOrEqual(before.accumulate);
        expect(stage.accumulate === 1 || steps >= 100).toBe(true);
        expect(stage.schedule.warmup).toBeLessThanOrEqual(steps / 10);
        expect(stage.evaluate_every).toBeLessThanOrEqual(Math.max(1, steps / 10));
        expect({ ...before, ...changeable(stage) }).toEqual(stage);
      }
    }),
    { seed: 11, numRuns: 400 },
  );
});

/** The keys a budget may change, with the values it gave them. */
function changeable({ tokens, accumulate, schedule, evaluate_every }: Recipe["stages"][number]) {
  return { tokens, accumulate, schedule, evaluate_every };
}
