/** Further families without goldens: published configurations, tensors to the bit, and blocks that a known family has too. */
import { describe, expect, test } from "vitest";
import { familyOf } from "../../src/families/index.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { type Model, ownMixers } from "../../src/inference/model.ts";
import { namedWeights } from "../../src/model/name-weights.ts";
import { readWeights } from "../../src/model/read-weights.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { memoryTensors, type StoredValues } from "../formats/memory-tensors.ts";
import { randomIds, randomModel } from "../inference/tiny-model.ts";
import { alike } from "./alike.ts";
import { published } from "./published.ts";

type Config = Readonly<Record<string, unknown>>;

async function family(modelType: string) {
  const found = await familyOf(modelType);
  if (found === undefined) throw new Error(`no family for ${modelType}`);
  return found;
}

/** Random tensors of such a file. */
async function randomFile(modelType: string, config: Config): Promise<StoredValues> {
  const { config: schema, tensors } = await family(modelType);
  const architecture = schema.parse(config);
  return new Map(namedWeights(randomModel(architecture).weights, tensors, architecture));
}

async function modelOf(modelType: string, config: Config, file: StoredValues): Promise<Model> {
  const { config: schema, tensors } = await family(modelType);
  const architecture = schema.parse(config);
  return {
    architecture,
    weights: readWeights(memoryTensors(file), tensors, architecture),
    mixers: ownMixers(architecture),
  };
}

async function logits(model: Model): Promise<Float32Array> {
  const engine = createEngine({ threads: 1 });
  const forward = new ForwardPass(engine, model);
  const length = 24;
  const { data } = await forward.hidden({ ids: randomIds(2 * length, 61), batch: 2, length });
  const { data: found } = await forward.logits(floats([2 * length, data.length / (2 * length)], data));
  await engine.release();
  return found;
}

describe.each(Object.entries(published))("%s", (modelType, { config, tensors: expected }) => {
  test("a published configuration is read, and another key or value is refused", async () => {
    const { config: schema } = await family(modelType);
    expect(schema.parse({ model_type: modelType, ...config }).blocks.length).toBe(2);
    expect(schema.safeParse({ ...config, surprise: 1 }).error?.message).toContain("surprise");
  });

  test("files have the published tensors, and are read and written to the bit", async () => {
    const file = await randomFile(modelType, config);
    const shapes = Object.fromEntries(Object.keys(expected).map((name) => [name, file.get(name)?.shape]));
    expect(shapes).toEqual(expected);
    const { architecture, weights } = await modelOf(modelType, config, file);
    const again = new Map(namedWeights(weights, (await family(modelType)).tensors, architecture));
    expect([...again.keys()].toSorted()).toEqual([...file.keys()].toSorted());
    for (const [name, { shape, data }] of file) expect(again.get(name), name).toMatchObject({ shape, data });
  });
});

test("BERT's norms are found as older files call them, and one by no name is named", async () => {
  const config = {
    ...{ vocab_size: 61, hidden_size: 32, intermediate_size: 24, num_hidden_layers: 2, num_attention_heads: 4 },
  };
  const file = await randomFile("bert", config);
  const older = (name: string) =>
    name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
  const renamed = new Map([...file].map(([name, weight]) => [older(name), weight]));
  expect([...renamed.keys()].filter((name) => name.endsWith(".gamma")).length).toBe(6);
  const { weights } = await modelOf("bert", config, file);
  expect((await modelOf("bert", config, renamed)).weights).toEqual(weights);
  renamed.delete("bert.embeddings.LayerNorm.gamma");
  await expect(modelOf("bert", config, renamed)).rejects.toThrow("bert.embeddings.LayerNorm.weight");
});

describe("the same blocks as a known family has", () => {
  test.each(alike)(
    "$modelType as $known",
    async ({ modelType, config = {}, change = (file) => file, known, knownConfig, as }) => {
      const own = { ...published[modelType]?.config, ...config };
      const file = change(await randomFile(modelType, own));
      const theirs = await logits(await modelOf(known, knownConfig, as(file)));
      const ours = await logits(await modelOf(modelType, own, file));
      const largest = ours.reduce((most, x, place) => Math.max(most, Math.abs(x - (theirs[place] ?? Number.NaN))), 0);
      expect(Math.max(...theirs)).toBeGreaterThan(0.1);
      expect(largest).toBeLessThan(1e-4);
    },
  );
});
