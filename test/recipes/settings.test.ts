import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { loadRecipe, opaqueMixer, recipeSchema } from "../../src/recipes/index.ts";
import { applySettings } from "../../src/recipes/settings.ts";

const mixer = z.strictObject({ window: z.strictObject({ size: z.int().positive() }).default({ size: 64 }) });
const schema = recipeSchema(mixer);
const recipe = {
  name: "mine",
  mixer: {},
  stages: [
    {
      name: "transfer",
      kind: "layerwise",
      loss: { attention_outputs: 1 },
      train: { mixer: ["featureMap"] },
      tokens: "300k",
      length: 512,
      learning_rate: 0.01,
      schedule: { kind: "plateau", patience: 3 },
    },
    { name: "finetune", kind: "end_to_end", train: { lora: {} }, tokens: 1000, length: 512, learning_rate: 1e-4 },
  ],
};

function set(...settings: string[]) {
  return schema.parse(applySettings(schema, recipe, settings));
}

describe("a setting", () => {
  test("reaches a stage by name and by index", () => {
    expect(set("stages.transfer.learning_rate=0.003").stages[0]?.learning_rate).toBe(0.003);
    expect(set("stages.1.learning_rate=1e-5").stages[1]?.learning_rate).toBe(1e-5);
  });

  test("is typed by the key it sets", () => {
    expect(set("stages.transfer.tokens=1.5M").stages[0]?.tokens).toBe(1_500_000);
    expect(set("stages.transfer.train.mixer=[mix, decay]").stages[0]?.train.mixer).toEqual(["mix", "decay"]);
    expect(set("stages.finetune.train.lora.targets=[q, v]").stages[1]?.train.lora?.targets).toEqual(["q", "v"]);
    expect(set("stages.finetune.optimizer.betas.1=0.95").stages[1]?.optimizer.betas).toEqual([0.9, 0.95]);
    expect(set("stages.finetune.clip=1").stages[1]?.clip).toBe(1);
    expect(set("stages.finetune.clip=1", "stages.finetune.clip=null").stages[1]?.clip).toBeNull();
    expect(set("summary=12").summary).toBe("12");
    expect(set("layers.softmax=[0, 7]").layers).toEqual({ softmax: [0, 7] });
    expect(set("mixer.window.size=128").mixer.window.size).toBe(128);
    expect(set("stages.finetune.schedule={kind: cosine, warmup: 5}").stages[1]?.schedule).toEqual({
      kind: "cosine",
      minimum: 0,
      warmup: 5,
    });
  });

  test("of one form drops the keys of another", () => {
    expect(set("layers.softmax_every=4", "layers.softmax=[0]").layers).toEqual({ softmax: [0] });
    expect(set("layers.softmax=[0]", "layers.softmax_every=4").layers).toEqual({ softmax_every: 4 });
  });

  test("of a kind drops the keys that the new kind does not have", () => {
    expect(set("stages.transfer.schedule.kind=cosine").stages[0]?.schedule).toEqual({
      kind: "cosine",
      minimum: 0,
      warmup: 0,
    });
  });

  test("leaves the recipe it is applied to as it was", () => {
    const before = structuredClone(recipe);
    set("stages.transfer.schedule.kind=constant", "seed=3");
    expect(recipe).toEqual(before);
  });

  test("any whole number goes where one is wanted", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(set(`seed=${seed}`).seed).toBe(seed);
      }),
    );
  });

  test("never reaches the prototype of anything", () => {
    const open = recipeSchema(opaqueMixer);
    for (const path of ["__proto__.polluted", "mixer.__proto__.polluted", "mixer.constructor.prototype.polluted"]) {
      try {
        applySettings(open, recipe, [`${path}=1`]);
      } catch {
        // An error is as good as a harmless own key.
      }
      expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
      expect("polluted" in {}).toBe(false);
    }
  });

  test("that is wrong says what, and what was probably meant", () => {
    const message = (setting: string): string => {
      try {
        applySettings(schema, recipe, [setting]);
      } catch (error) {
        return String(error);
      }
      return "no error";
    };
    const wrong = [
      "stages.transfer.learnin_rate=1",
      "stages.transfr.learning_rate=1",
      "stages.2.learning_rate=1",
      "stages.transfer.learning_rate=fast",
      "stages.transfer.learning_rate=-1",
      "stages.transfer.tokens=many",
      "stages.transfer.schedule.kind=cosin",
      "stages.transfer.train.mixer_rate=no",
      "stages.finetune.train.lora.targets=[q, x]",
      "mixer.windw.size=3",
      "name.first=x",
      "zzzzzzzz=1",
      "seed",
      "=1",
      "a..b=1",
    ];
    expect(wrong.map(message).join("\n")).toMatchInlineSnapshot(`
      "SubquadError: --set: unknown key stages.transfer.learnin_rate; did you mean learning_rate?
      SubquadError: --set: stages has no entry transfr; did you mean transfer?
      SubquadError: --set: stages has no entry 2; it has transfer, finetune
      SubquadError: --set: stages.transfer.learning_rate must be a number, is "fast"
      SubquadError: --set: stages.transfer.learning_rate must be more than 0, is -1
      SubquadError: --set: stages.transfer.tokens must be a number of tokens such as 300000, 300k or 1M
      SubquadError: --set: stages.transfer.schedule.kind must be one of plateau, cosine, constant, is "cosin"; did you mean cosine?
      SubquadError: --set: stages.transfer.train.mixer_rate must be a number, is "no"
      SubquadError: --set: stages.finetune.train.lora.targets.1 must be one of q, k, v, o, is "x"; did you mean q?
      SubquadError: --set: unknown key mixer.windw; did you mean window?
      SubquadError: --set: name is a single value, it has no key first
      SubquadError: --set: unknown key zzzzzzzz; known are name, summary, paper, preset, mixer, layers, variants, seed, stages
      SubquadError: --set seed: write key.path=value, for instance --set stages.transfer.learning_rate=0.01
      SubquadError: --set =1: write key.path=value, for instance --set stages.transfer.learning_rate=0.01
      SubquadError: --set a..b=1: write key.path=value, for instance --set stages.transfer.learning_rate=0.01"
    `);
  });
});

test("settings come before the numbers of the command line", async () => {
  const loaded = await loadRecipe("lolcats", opaqueMixer, {
    set: ["stages.transfer.length=256", "stages.transfer.tokens=5M", "seed=3"],
    length: 128,
    seed: 4,
  });
  expect(loaded.stages.map(({ length, tokens }) => [length, tokens])).toEqual([
    [128, 5_000_000],
    [128, 20_000_000],
  ]);
  expect(loaded.seed).toBe(4);
});
