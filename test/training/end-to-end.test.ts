/** Gradients through the whole depth against finite differences, its memory choices against each other, and merging. */
import { describe, expect, test } from "vitest";
import { ForwardPass } from "../../src/inference/forward.ts";
import { createEngine, type FloatTensor, floatsOf } from "../../src/runtime/index.ts";
import { DataOrder } from "../../src/training/data-order.ts";
import { type EndToEndPlan, EndToEndTrainee } from "../../src/training/end-to-end.ts";
import { expectClose } from "../compare.ts";
import { preset, tinyModel } from "../inference/tiny-model.ts";
import { uniform } from "../random.ts";
import { expectSlope } from "./slope.ts";

const engine = createEngine({ threads: 1 });
const next = uniform(3);
const ids = Int32Array.from({ length: 400 }, () => Math.floor(61 * next()));
const [batch, length] = [2, 80];

function plan(overrides: Partial<EndToEndPlan> = {}): EndToEndPlan {
  const { architecture, weights, mixers } = tinyModel([preset("lolcats")]);
  return {
    architecture,
    weights,
    layers: mixers as EndToEndPlan["layers"],
    adapters: { rank: 2, scale: 2, targets: ["queries", "keys", "values", "output"] },
    trains: () => true,
    batch,
    length,
    optimizer: { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    seed: 1,
    recomputed: 0,
    heldOut: [],
    products: "float32",
    ...overrides,
  };
}

const window = new DataOrder({ ids, mask: undefined }, length, 0).batch(0, batch);

/** A trainee whose adapters are no longer nothing. */
async function warmed(overrides: Partial<EndToEndPlan> = {}): Promise<EndToEndTrainee> {
  const trainee = new EndToEndTrainee(engine, plan(overrides));
  const { gradients } = await trainee.gradients(window, 0);
  await trainee.optimizer.step(gradients, 0.02, 1);
  return trainee;
}

/** A teacher that differs from the student's own weights, so that its chances teach something. */
const own = tinyModel([preset("softmax")]).weights;
const teacher = { ...own, layers: own.layers.toReversed() };
const distilled = { teacher, terms: { nextToken: 0.5, logits: 2, temperature: 1.5 } };

describe("gradients through all blocks point the way the loss changes", () => {
  test.each([
    [
      "adapters and mixers",
      {},
      ["adapter.queries.a", "adapter.output.b", "mixer.featureMap.keys", "mixer.windowFactor"],
    ],
    ["the teacher's chances", distilled, ["adapter.values.b", "mixer.featureMap.queries"], 2.5],
    ["no window", { windowDropout: () => 1 }, ["adapter.keys.b", "mixer.featureMap.queries"]],
    ["weights", { roles: ["values", "down", "mlpNorm"] as const }, ["values", "down", "mlpNorm"]],
  ])("%s", async (_name, overrides, names, factor = 1) => {
    const trainee = await warmed(overrides);
    for (const name of names) await expectSlope(trainee, window, "layer 1", name, factor);
  });

  test("the model's ends", async () => {
    const trainee = await warmed({ ...distilled, ends: ["embedding", "finalNorm"] });
    for (const name of ["embedding", "finalNorm"]) await expectSlope(trainee, window, "ends", name, 2.5);
  });
});

test("gradients are the same with activations saved and recomputed", async () => {
  const [saved, recomputed] = [await warmed(), await warmed({ recomputed: 3 })];
  const [left, right] = [await saved.gradients(window, 1), await recomputed.gradients(window, 1)];
  expect(right.loss).toBeCloseTo(left.loss, 5);
  for (const [name, tensor] of Object.entries(left.gradients.get("layer 0") ?? {})) {
    expectClose(floatsOf(right.gradients.get("layer 0")?.[name] as FloatTensor), floatsOf(tensor), 1e-4, name);
  }
});

test("a student that is its teacher has nothing to learn from its chances", async () => {
  const { architecture, weights, mixers } = tinyModel([preset("softmax")]);
  const same = { architecture, weights, layers: mixers as EndToEndPlan["layers"], teacher: weights, heldOut: [window] };
  const trainee = new EndToEndTrainee(engine, plan({ ...same, terms: { nextToken: 0, logits: 1, temperature: 1 } }));
  expect(Math.abs(await trainee.heldOut())).toBeLessThan(1e-5);
});

test("windows are dropped by chance, the same ones each time", async () => {
  const trainee = await warmed({ windowDropout: (index) => (index < 20 ? 0.5 : 0) });
  const losses = async () => {
    const each: number[] = [];
    for (let index = 0; index < 24; index++) each.push((await trainee.gradients(window, index)).loss);
    return each;
  };
  const first = await losses();
  expect(await losses()).toEqual(first);
  const whole = first.at(-1);
  const dropped = first.filter((loss) => loss !== whole).length;
  expect(dropped).toBeGreaterThan(3);
  expect(dropped).toBeLessThan(17);
  expect(new Set(first.slice(20)).size).toBe(1);
});

test("products in 8 bits change the loss by less than a percent and turn no gradient away; held-out text never meets them", async () => {
  const heldOut = [window];
  const [exact, rounded] = [await warmed({ heldOut }), await warmed({ heldOut, products: "int8" })];
  rounded.optimizer.adopt(exact.optimizer.snapshot());
  const [left, right] = [await exact.gradients(window, 1), await rounded.gradients(window, 1)];
  expect(Math.abs(right.loss / left.loss - 1)).toBeLessThan(0.01);
  expect(right.loss).not.toBe(left.loss);
  expect(await rounded.heldOut()).toBe(await exact.heldOut());
  let [along, ofLeft, ofRight] = [0, 0, 0];
  for (const [group, tensors] of left.gradients) {
    for (const [name, tensor] of Object.entries(tensors)) {
      const other = floatsOf(right.gradients.get(group)?.[name] as FloatTensor);
      floatsOf(tensor as FloatTensor).forEach((value, index) => {
        along += value * (other[index] ?? 0);
        ofLeft += value ** 2;
        ofRight += (other[index] ?? 0) ** 2;
      });
    }
  }
  expect(along / Math.sqrt(ofLeft * ofRight)).toBeGreaterThan(0.9);
});

test.each([{}, { roles: ["queries", "gate"] as const, ends: ["embedding"] as const }])(
  "merged weights compute what was learned: %o",
  async (overrides) => {
    const trainee = await warmed(overrides);
    const learned = { weights: await trainee.learner.weights(), mixers: trainee.learner.layers() };
    const model = { ...tinyModel([preset("lolcats")]), ...learned };
    const losses = await new ForwardPass(engine, model).losses(window.ids.subarray(0, length));
    // The first row alone counts, without its last token.
    const weights = window.weights.map((_one, index) => Number(index < length - 1));
    const { loss } = await trainee.gradients({ ...window, weights }, 1);
    expect(losses.reduce((sum, each) => sum + each, 0) / (length - 1)).toBeCloseTo(loss, 4);
  },
);
