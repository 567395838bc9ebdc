/** Layers linearized alone: the shared work against whole models, and plans against every other choice. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { perplexity } from "../../src/evaluation/perplexity.ts";
import { mqar } from "../../src/evaluation/recall/mqar.ts";
import { scoreAnswers } from "../../src/evaluation/recall/score.ts";
import { Decoder } from "../../src/inference/decoder.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import type { Model } from "../../src/inference/model.ts";
import { packageRoot } from "../../src/package-root.ts";
import { type ProbeDocument, type ProbeOptions, probeSchema } from "../../src/pipeline/contract.ts";
import { inspect } from "../../src/pipeline/inspect.ts";
import { linearize } from "../../src/pipeline/linearize.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { type LayerBytes, leastBytes, planLayers, requireRoom } from "../../src/pipeline/probe/plan.ts";
import { sweep, sweptBlocks } from "../../src/pipeline/probe/sweep.ts";
import { probe } from "../../src/pipeline/probe.ts";
import { loadLinearizeRecipe } from "../../src/pipeline/recipes.ts";
import { evaluationText } from "../../src/pipeline/training-text.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { recordingContext } from "./context.ts";
import { type SmallTeacher, smallTeacher } from "./small-teacher.ts";

const engine = createEngine({ threads: 1 });
const [testLength, maxTokens] = [96, 300];
let small: SmallTeacher;
let linear = "";
let testText = "";
let document: ProbeDocument;

function options(changes: Partial<ProbeOptions> = {}): ProbeOptions {
  const measured = { testText, testLength, maxTokens, threads: 1, seed: 5 };
  return { model: small.teacher, recipe: "lolcats", tokens: 600, text: [small.text], ...measured, ...changes };
}

const training = { length: 50, batch: 2, threads: 1, seed: 5 };

beforeAll(async () => {
  small = await smallTeacher();
  [linear, testText] = [join(small.folder, "linear"), join(small.folder, "test.txt")];
  writeFileSync(testText, readFileSync(small.text, "utf8").slice(500, 900));
  const set = ["stages.finetune.learning_rate=0.01", "stages.finetune.train.weights=all"];
  await linearize(
    { model: small.teacher, recipe: "lolcats", text: [small.text], budget: 1200, output: linear, set, ...training },
    recordingContext().context,
  );
  document = await probe(options({ linear }), recordingContext().context);
}, 60_000);

afterAll(async () => {
  await engine.release();
  small.remove();
});

/** The whole teacher with one layer of the linearized model, weights included. */
function exchanged(teacher: Model, student: Model, exchangedLayer: number): Model {
  const own = <Part>(of: readonly Part[], other: readonly Part[]) =>
    of.map((part, layer) => (layer === exchangedLayer ? (other[layer] ?? part) : part));
  return {
    ...teacher,
    mixers: own(teacher.mixers, student.mixers),
    weights: { ...teacher.weights, layers: own(teacher.weights.layers, student.weights.layers) },
  };
}

async function models() {
  const [teacher, student] = [await openModel(small.teacher), (await openModel(linear)).model];
  const alone = teacher.model.mixers.map((_mixer, layer) => exchanged(teacher.model, student, layer));
  return { opened: teacher, teacher: teacher.model, student, alone };
}

describe("the figures", () => {
  test("are those of whole models with one layer exchanged, to the bit", async () => {
    expect(probeSchema.parse(document)).toEqual(document);
    const { opened, teacher, student, alone } = await models();
    const ids = await evaluationText(testText, opened);
    const whole = async (model: Model) =>
      (await perplexity(new ForwardPass(engine, model), ids, { length: testLength, maxTokens })).perplexity;
    const expected: number[] = [];
    for (const model of [teacher, ...alone, student]) expected.push(await whole(model));
    const { layers, teacher: own, linearized } = document;
    expect([own, ...layers, linearized].map((figures) => figures.perplexity)).toEqual(expected);
    expect(new Set(expected).size).toBe(5);
    expect(layers.map(({ ratio }) => ratio)).toEqual(expected.slice(1, 4).map((value) => value / (expected[0] ?? 0)));
    expect(document.tokens).toBe(3 * (testLength - 1));
  });

  test("of recall are those that reading in chunks gives", async () => {
    const { opened, teacher, student, alone } = await models();
    const sequences = [0, 1, 2, 3].map((index) => mqar.build(opened.tokenizer, testLength, 5 + index));
    const shortest = Math.min(...sequences.map(({ ids }) => ids.length));
    const { layers, teacher: own, linearized } = document;
    const figures = [own, ...layers, linearized];
    for (const [index, model] of [teacher, ...alone, student].entries()) {
      const decoder = new Decoder(engine, model);
      const scores = [];
      for (const { ids, answers } of sequences) {
        const asked = answers.filter(({ start, length }) => start + length <= shortest);
        scores.push(...(await scoreAnswers(decoder, { ids: ids.slice(0, shortest), answers: asked })));
      }
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(scores.length).toBeGreaterThan(8);
      expect(figures[index]?.recall_log_probability).toBeCloseTo(
        mean(scores.map(({ logProbability }) => logProbability)),
        4,
      );
      expect(figures[index]?.recall).toBeCloseTo(mean(scores.map(({ exact }) => Number(exact))), 6);
    }
  });

  test("of memory are those of inspect, at the target length", async () => {
    const { context } = recordingContext();
    const sizes = async (model: string) => await inspect({ model }, context);
    const { state_bytes_per_sequence } = await sizes(linear);
    const { kv_bytes_per_token } = await sizes(small.teacher);
    const sum = (values: readonly (number | null)[]) =>
      values.reduce<number>((total, value) => total + (value ?? 0), 0);
    const probed = await probe(options({ linear, targetLength: 1000 }), context);
    expect(sum(probed.layers.map(({ state_bytes }) => state_bytes))).toBe(state_bytes_per_sequence);
    // Each layer also counts the tokens that it has seen.
    expect(sum(probed.layers.map(({ kv_bytes }) => kv_bytes))).toBe(1000 * kv_bytes_per_token + 3 * 8);
    expect(probed.plan).toBeNull();
  });
});

describe("a sweep", () => {
  test("runs every block that it must and no other, and stops when told to", async () => {
    const { teacher, student } = await models();
    const passes = { teacher: new ForwardPass(engine, teacher), student: new ForwardPass(engine, student) };
    const ids = Array.from({ length: 20 }, (_unused, index) => 3 * index);
    let blocks = 0;
    const seen: (number | undefined)[] = [];
    for await (const { layer } of sweep({ ...passes, layers: [0, 2], onBlock: () => void blocks++ }, ids))
      seen.push(layer);
    expect(seen).toEqual([0, 2, undefined]);
    // The teacher's three, the whole of layer 0's model, and the last block of layer 2's.
    expect([blocks, sweptBlocks(3, [0, 2])]).toEqual([7, 7]);
    const stopped = sweep({ ...passes, layers: [0], signal: AbortSignal.abort(new Error("stopped")) }, ids);
    await expect(stopped.next()).rejects.toThrow("stopped");
  });
});

describe("layers that are trained for the purpose", () => {
  test("are all of them, by the layerwise stages alone, kept where asked and not trained again", async () => {
    const output = join(small.folder, "kept");
    const report = recordingContext();
    const hybrid = { recipe: "lolcats-hybrid", ...training, set: ["layers.softmax_every=2"] };
    const first = await probe(options({ ...hybrid, output }), report.context);
    expect([...new Set(report.stages.map(({ name }) => name))]).toEqual(["transfer", "evaluate", "probe"]);
    expect(first.layers.map(({ ratio }) => typeof ratio)).toEqual(["number", "number", "number"]);
    const before = tmpdirFolders();
    const again = recordingContext();
    expect(await probe(options({ ...hybrid, output, resume: true }), again.context)).toEqual(first);
    expect([...new Set(again.stages.map(({ name }) => name))]).toEqual(["probe"]);
    // The same layers, in a folder that does not stay.
    expect(await probe(options(hybrid), recordingContext().context)).toEqual(first);
    expect(tmpdirFolders()).toEqual(before);
    expect(existsSync(join(output, "model.safetensors"))).toBe(true);
    expect(await probe(options({ linear: output, length: 50 }), recordingContext().context)).toEqual(first);
  });
});

const tmpdirFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("subquad-probe-"));

describe("a plan", () => {
  test("keeps the layers that lose the most, as many as there is room for, and is a setting of the recipe", async () => {
    const { context } = recordingContext();
    const folder = join(small.folder, "tiny-layers");
    const page = join(packageRoot(), "README.md");
    const texts = { text: [page], testText: page };
    const tiny = { model: "tiny", recipe: "lolcats", ...texts, testLength: 128, maxTokens: 512, threads: 1 };
    // In so few tokens the state is the larger: nothing speaks for it.
    const few = { tokens: 2000, length: 100, output: folder, targetLength: 64, memory: 1e9 };
    const first = await probe({ ...tiny, ...few }, context);
    const [{ kv_bytes: kv = 0, state_bytes = 0 } = {}] = first.layers;
    const state = state_bytes ?? 0;
    expect(state).toBeGreaterThan(kv);
    expect(first.plan).toMatchObject({ softmax: [0, 1, 2], bytes: 3 * kv, expected_ratio: 1 });
    const longer = { ...tiny, tokens: 1, linear: folder, targetLength: 64 * 64 };
    const memory = 2 * state + 64 * (kv - 8) + 8;
    const { plan, layers } = await probe({ ...longer, memory }, context);
    expect(layers.map(({ ratio }) => ratio)).toEqual(first.layers.map(({ ratio }) => ratio));
    const worst = layers.toSorted((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0))[0];
    expect(worst?.ratio).toBeGreaterThan(1);
    expect(plan?.softmax).toEqual([worst?.layer]);
    expect(plan?.bytes).toBe(memory);
    const others = layers.filter(({ layer }) => layer !== worst?.layer);
    expect(plan?.expected_ratio).toBeCloseTo(
      others.reduce((product, { ratio }) => product * (ratio ?? 0), 1),
      10,
    );
    const set = [plan?.setting ?? ""];
    expect((await loadLinearizeRecipe("lolcats", { set })).layers).toEqual({ softmax: plan?.softmax });
    expect((await loadLinearizeRecipe("lolcats-hybrid", { set })).layers).toEqual({ softmax: plan?.softmax });
    const recalled = await probe({ ...longer, memory, by: "recall" }, context);
    const forgetful = layers.toSorted((a, b) => (a.recall_log_probability ?? 0) - (b.recall_log_probability ?? 0))[0];
    expect(recalled.plan).toMatchObject({ softmax: [forgetful?.layer], by: "recall" });
    const kept = layers.filter(({ layer }) => layer !== forgetful?.layer);
    expect(recalled.plan?.expected_ratio).toBeCloseTo(
      kept.reduce((product, { ratio }) => product * (ratio ?? 0), 1),
      10,
    );
    const least = await probe({ ...longer, memory: 3 * state }, context);
    expect(least.plan).toMatchObject({ softmax: [], setting: "layers=all", bytes: 3 * state });
    const tooFew = recordingContext();
    await expect(probe({ ...longer, memory: 3 * state - 1 }, tooFew.context)).rejects.toThrow(
      /--memory: .* too few for a sequence of 4096 tokens/,
    );
  });

  const layer = fc.record({
    loss: fc.integer({ min: -5, max: 20 }),
    kvBytes: fc.integer({ min: 1, max: 30 }),
    stateBytes: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
  });

  function lossOf(layers: readonly { loss: number; stateBytes: number | undefined }[], kept: readonly number[]) {
    const linearized = layers.filter(({ stateBytes }, index) => stateBytes !== undefined && !kept.includes(index));
    return linearized.reduce((sum, { loss }) => sum + loss, 0);
  }

  /** Every choice of layers that fits, with what it keeps and loses. */
  function choices(layers: readonly (LayerBytes & { readonly loss: number })[], memory: number) {
    return Array.from({ length: 2 ** layers.length }, (_unused, mask) => {
      const kept = layers.flatMap(({ stateBytes }, index) =>
        stateBytes === undefined || (mask >> index) % 2 === 1 ? [index] : [],
      );
      const bytes = layers.reduce(
        (sum, { kvBytes, stateBytes = kvBytes }, index) => sum + (kept.includes(index) ? kvBytes : stateBytes),
        0,
      );
      return { kept, bytes, loss: lossOf(layers, kept) };
    }).filter(({ bytes }) => bytes <= memory);
  }

  test("fits, is what it says, and leaves no room for a layer that is worth keeping", () => {
    const layersOf = fc.array(layer, { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(layersOf, fc.integer({ min: 0, max: 200 }), (drawn, memory) => {
        const layers = drawn.map((each, index) => ({ ...each, layer: index }));
        const losses = new Map(layers.map(({ layer: index, loss }) => [index, loss]));
        const possible = choices(layers, memory);
        if (possible.length === 0) {
          expect(leastBytes(layers)).toBeGreaterThan(memory);
          expect(() => requireRoom(layers, memory, 100)).toThrow("too few for a sequence of 100 tokens");
          return;
        }
        const { softmax, bytes } = planLayers(layers, losses, memory);
        expect(bytes).toBeLessThanOrEqual(memory);
        expect(possible.find(({ kept }) => kept.join() === softmax.join())).toMatchObject({ bytes });
        for (const { layer: index, loss: own, kvBytes, stateBytes = kvBytes } of layers) {
          if (softmax.includes(index) || own <= 0) continue;
          expect(bytes + kvBytes - stateBytes).toBeGreaterThan(memory);
        }
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test("of layers of one kind loses no more than any other", () => {
    const drawn = fc.array(fc.integer({ min: -5, max: 20 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(drawn, fc.integer({ min: 7, max: 80 }), (all, memory) => {
        const layers = all.map((loss, index) => ({ layer: index, loss, kvBytes: 10, stateBytes: 1 }));
        const { softmax } = planLayers(layers, new Map(all.entries()), memory);
        expect(lossOf(layers, softmax)).toBe(Math.min(...choices(layers, memory).map((each) => each.loss)));
      }),
      { seed: 8 },
    );
  });

  test("keeps layers that break the model first", () => {
    const sizes = [0, 1, 2].map((index) => ({ layer: index, kvBytes: 10, stateBytes: 1 }));
    const losses = new Map([
      [0, 3],
      [1, Number.POSITIVE_INFINITY],
      [2, Number.POSITIVE_INFINITY],
    ]);
    expect(planLayers(sizes, losses, 21)).toEqual({ softmax: [1, 2], bytes: 21 });
  });
});

describe("refused", () => {
  test.each([
    ["a folder of another teacher", () => options({ model: "tiny", linear }), "which is not the model given here"],
    ["a folder that is not linearized", () => options({ linear: small.teacher }), "has no linearized layer"],
    ["a linearized teacher", () => options({ model: linear }), "is linearized already"],
    ["a recipe without layerwise stages", () => options({ recipe: "liger-gla" }), "name its folder with --with"],
    ["windows beyond the teacher's context", () => options({ linear, testLength: 300 }), "none of 2 to 256"],
    ["windows longer than the text", () => options({ linear, maxTokens: 50 }), "none of 2 to 50"],
    ["too few tokens for a step", () => options({ tokens: 5 }), "less than one step"],
  ])("%s", async (_name, make, message) => {
    const report = recordingContext();
    await expect(probe(make(), report.context)).rejects.toThrow(message);
    expect(report.stages).toEqual([]);
  });
});
