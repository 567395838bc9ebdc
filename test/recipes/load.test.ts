import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseMixer, presets } from "../../src/mixers/index.ts";
import { linearizeRecipeSchema, loadLinearizeRecipe } from "../../src/pipeline/recipes.ts";
import {
  annotatedYaml,
  editorSchema,
  listRecipes,
  loadPretrainRecipe,
  loadRecipe,
  opaqueMixer,
  recipeKind,
} from "../../src/recipes/index.ts";
import { parseYaml } from "../../src/recipes/yaml-source.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subquad-recipes-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** The error that loading this YAML ends with, the file called FILE. */
async function faults(yaml: string): Promise<string> {
  const path = join(folder, "mine.yaml");
  await writeFile(path, yaml);
  const outcome: unknown = await loadRecipe(path, opaqueMixer).then(
    () => "no fault",
    (error: unknown) => error,
  );
  return String(outcome).replaceAll(path, "FILE");
}

const STAGE = `
  - name: transfer
    kind: layerwise
    loss: {attention_outputs: 1}
    train: {mixer: all}
    tokens: 300k
    length: 512
    learning_rate: 0.01
`;

describe("built-in recipes", () => {
  test("are all valid, named after their files, and say what they do", async () => {
    const entries = await listRecipes();
    expect(entries.map(({ name }) => name)).toContain("lolcats");
    for (const { name, kind, summary } of entries) {
      const recipe = await (kind === "linearize" ? loadLinearizeRecipe(name) : loadPretrainRecipe(name));
      expect(recipe.name).toBe(name);
      expect(summary).not.toBe("");
    }
  });

  test("lolcats is the published method", async () => {
    const recipe = await loadLinearizeRecipe("lolcats");
    expect(recipe.mixer).toEqual(presets.lolcats);
    expect(recipe.layers).toBe("all");
    const plateau = { kind: "plateau", factor: 0.1, patience: 10, minimum: 1e-5, warmup: 0 };
    const adamw = { kind: "adamw", betas: [0.9, 0.999], weight_decay: 0, epsilon: 1e-8 };
    const loop = {
      length: 1024,
      batch: 1,
      accumulate: 8,
      schedule: plateau,
      optimizer: adamw,
      clip: null,
      evaluate_every: 100,
    };
    expect(recipe.stages).toMatchObject([
      {
        kind: "layerwise",
        inputs: "teacher",
        loss: { attention_outputs: 1000, attention_weights: 0, mixer_outputs: 0, hidden_states: 0 },
        train: { mixer: ["featureMap", "mix"], lora: null, weights: [] },
        tokens: 20_000_000,
        learning_rate: 0.01,
        ...loop,
      },
      {
        kind: "end_to_end",
        loss: { next_token: 1, logits: 0 },
        train: {
          mixer: [],
          weights: [],
          lora: { rank: 8, alpha: 16, targets: ["q", "k", "v", "o"] },
        },
        tokens: 20_000_000,
        learning_rate: 1e-4,
        ...loop,
      },
    ]);
  });

  test("shown with their comments they are the same recipe again", async () => {
    const recipe = await loadLinearizeRecipe("lolcats", {
      set: ["stages.finetune.schedule.kind=cosine", "layers.softmax=[3]"],
    });
    const path = join(folder, "shown.yaml");
    const text = annotatedYaml(linearizeRecipeSchema, recipe);
    expect(text).toContain("rank: 8 # Rank of the update");
    await writeFile(path, text);
    expect(await loadLinearizeRecipe(path)).toEqual(recipe);
  });

  test("have a JSON schema for editors", () => {
    const schema = editorSchema(linearizeRecipeSchema, "recipe");
    expect(schema).toMatchObject({ title: "recipe", type: "object", additionalProperties: false });
    expect(JSON.stringify(schema)).toContain("The optimizer's learning rate");
  });
});

describe("overrides", () => {
  test("tokens are for all stages, or for one kind of them", async () => {
    const tokens = async (changes: object) =>
      (await loadLinearizeRecipe("lolcats", changes)).stages.map((stage) => [stage.name, stage.tokens]);
    expect(await tokens({ tokens: 1000 })).toEqual([
      ["transfer", 1000],
      ["finetune", 1000],
    ]);
    expect(await tokens({ transferTokens: 5, finetuneTokens: 7 })).toEqual([
      ["transfer", 5],
      ["finetune", 7],
    ]);
    expect(await tokens({ tokens: 1000, finetuneTokens: 0 })).toEqual([["transfer", 1000]]);
  });

  test("for a stage that is not there are refused", async () => {
    const path = join(folder, "one-stage.yaml");
    await writeFile(path, `name: one\nmixer: {}\nstages:${STAGE}`);
    await expect(loadRecipe(path, opaqueMixer, { finetuneTokens: 5 })).rejects.toThrow(
      "--finetune-tokens: the recipe one has no stage of kind end_to_end; its stages are transfer (layerwise)",
    );
  });
});

describe("a faulty recipe is refused with the place of each fault", () => {
  test("schema faults", async () => {
    const yaml = `name: Mine
mixer: {}
layer: all
stages:
  - name: transfer
    kind: layer_wise
    tokens: 300k
  - name: finetune
    kind: end_to_end
    train: {lora: {rank: 0, targets: [q, w]}}
    tokens: a few
    lenght: 512
    length: "512"
    learning_rate: 0
    schedule: {kind: plateau, factor: 2}
`;
    expect(await faults(yaml)).toMatchInlineSnapshot(`
      "SubquadError: FILE:12:5: unknown key stages.finetune.lenght; did you mean length?
      FILE:3:1: unknown key layer; did you mean layers?
      FILE:1:7: name must be lower-case letters, digits, - and _, beginning with a letter
      FILE:6:11: stages.transfer.kind must be one of layerwise, end_to_end, is "layer_wise"; did you mean layerwise?
      FILE:10:26: stages.finetune.train.lora.rank must be more than 0, is 0
      FILE:10:42: stages.finetune.train.lora.targets.1 must be one of q, k, v, o, is "w"; did you mean q?
      FILE:11:13: stages.finetune.tokens must be a number of tokens such as 300000, 300k or 1M
      FILE:13:13: stages.finetune.length must be a number, is "512"
      and 2 more"
    `);
  });

  test("missing keys and faults of the whole", async () => {
    expect(await faults(`name: mine\nmixer: {}\nstages:${STAGE}${STAGE}`)).toMatchInlineSnapshot(
      `"SubquadError: FILE:4:3: stages two stages have the same name"`,
    );
    expect(
      await faults(`name: mine\nstages:\n  - name: a\n    kind: end_to_end\n    train: {}\n`),
    ).toMatchInlineSnapshot(`
      "SubquadError: FILE:1:1: mixer is missing: The linear layer that takes the place of softmax attention
      FILE:5:12: stages.a.train names nothing to train: set mixer, lora or weights
      FILE:3:5: stages.a.tokens is missing: Tokens to train on: a number, or text such as 300k or 20M
      FILE:3:5: stages.a.length is missing: Tokens per training sequence
      FILE:3:5: stages.a.learning_rate is missing: The optimizer's learning rate"
    `);
    expect(await faults("- a\n- b\n")).toMatchInlineSnapshot(
      `"SubquadError: FILE:1:1: the recipe must be a mapping of keys to values, is a list"`,
    );
    expect(await faults("")).toMatchInlineSnapshot(
      `"SubquadError: FILE:1:1: the recipe must be a mapping of keys to values, is null"`,
    );
  });

  test("YAML faults", async () => {
    expect(await faults("name: mine\nmixer: {size: 1\nstages: []\n")).toMatchInlineSnapshot(
      `"FormatError: FILE:3:1: is not valid YAML: Flow map in block collection must be sufficiently indented and end with a }"`,
    );
    expect(await faults("name: a\nname: b\n")).toMatchInlineSnapshot(
      `"FormatError: FILE:2:1: is not valid YAML: Map keys must be unique"`,
    );
    expect(await faults("name: a\n\tmixer: 1\n")).toMatchInlineSnapshot(
      `"FormatError: FILE:2:1: is not valid YAML: Tabs are not allowed as indentation"`,
    );
    expect(await faults("a: 1\n---\nb: 2\n")).toMatchInlineSnapshot(
      `"FormatError: FILE:2:1: is not valid YAML: Source contains multiple documents"`,
    );
  });

  test("a mixer's own faults have their place too", async () => {
    const path = join(folder, "mixer.yaml");
    await writeFile(path, "name: mine\nmixer:\n  window: {kind: slide, sise: 64}\n  normalize: {kind: joint}\n");
    const error: unknown = await loadLinearizeRecipe(path).catch((reason: unknown) => reason);
    expect(String(error).replaceAll(path, "FILE")).toMatchInlineSnapshot(`
      "SubquadError: FILE:3:25: unknown key mixer.window.sise; did you mean size?
      FILE:3:11: mixer.window.size is missing"
    `);
    await writeFile(path, "name: mine\nmixer:\n  window: {kind: slide, size: 64}\n  normalize: {kind: joint}\n");
    const together: unknown = await loadLinearizeRecipe(path).catch((reason: unknown) => reason);
    expect(String(together).replaceAll(path, "FILE")).toMatchInlineSnapshot(
      `"SubquadError: FILE:4:14: mixer.normalize a joint normalization needs a window and a state"`,
    );
    expect(() => parseMixer({ window: { kind: "slide", size: 64 }, normalize: { kind: "joint" } })).toThrow("joint");
  });
});

describe("a hostile file", () => {
  test("of brackets, aliases or megabytes is refused by name", async () => {
    expect(await faults(`mixer: ${"[".repeat(50_000)}`)).toMatch(/^FormatError: FILE/);
    expect(await faults(`mixer: ${"[".repeat(60)}${"]".repeat(60)}`)).toMatch(/nests deeper than 24/);
    const laughs = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`);
    expect(await faults(`a0: &a0 [1]\n${laughs.join("\n")}\n`)).toMatch(/aliases/);
    expect(await faults(`# ${"x".repeat(300_000)}`)).toMatch(/larger than 256 KiB/);
  });

  test("cannot reach a prototype", () => {
    parseYaml("FILE", "__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n");
    expect("polluted" in {}).toBe(false);
  });
});

describe("a name", () => {
  test("that is unknown comes with the nearest one", async () => {
    await expect(loadLinearizeRecipe("lolcat")).rejects.toThrow("no recipe is called lolcat; did you mean lolcats?");
    await expect(loadLinearizeRecipe("./absent.yaml")).rejects.toThrow("./absent.yaml: no such file");
  });

  test("leads to the verb its recipe is for", async () => {
    const path = join(folder, "tiny.yaml");
    await writeFile(
      path,
      `name: tiny
architecture: {vocabulary: 512, hidden: 64, intermediate: 172, layers: 5, heads: 8, kv_heads: 4, head_dim: 8, context: 512}
stages: [{name: only, tokens: 1M, length: 256, learning_rate: 1e-3}]
`,
    );
    expect(await recipeKind(path)).toBe("pretrain");
    expect(await loadPretrainRecipe(path, { tokens: 5, seed: 2 })).toMatchObject({
      stages: [{ tokens: 5, learning_rate: 0.001 }],
      seed: 2,
      text: ["built-in"],
      architecture: { rope_theta: 10000, tied_embeddings: true },
    });
    await expect(loadLinearizeRecipe(path)).rejects.toThrow("is a recipe of pretrain");
    await expect(loadPretrainRecipe(path, { set: ["architecture.kv_heads=3"] })).rejects.toThrow(
      "multiple of kv_heads",
    );
    await expect(loadPretrainRecipe("lolcats")).rejects.toThrow("is a recipe of linearize");
  });
});
