/** Finetuning's gradients against finite differences, its memory choices against each other, and merging. */
import { describe, expect, test } from "vitest";
import { ForwardPass } from "../../src/inference/forward.ts";
import { createEngine, type FloatTensor, floatsOf } from "../../src/runtime/index.ts";
import { DataOrder } from "../../src/training/data-order.ts";
import { type FinetunePlan, FinetuneTrainee } from "../../src/training/finetune.ts";
import { expectClose } from "../compare.ts";
import { preset, tinyModel } from "../inference/tiny-model.ts";
import { uniform } from "../random.ts";

const engine = createEngine({ threads: 1 });
const next = uniform(3);
const ids = Int32Array.from({ length: 400 }, () => Math.floor(61 * next()));
const [batch, length] = [2, 80];

function plan(overrides: Partial<FinetunePlan> = {}): FinetunePlan {
  const { architecture, weights, mixers } = tinyModel([preset("lolcats")]);
  return {
    architecture,
    weights,
    layers: mixers as FinetunePlan["layers"],
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
async function warmed(overrides: Partial<FinetunePlan> = {}): Promise<FinetuneTrainee> {
  const trainee = new FinetuneTrainee(engine, plan(overrides));
  const { gradients } = await trainee.gradients(window);
  await trainee.optimizer.step(gradients, 0.02, 1);
  return trainee;
}

describe("gradients of adapters and mixers through all blocks", () => {
  test("point the way the loss changes", async () => {
    const trainee = await warmed();
    const { gradients } = await trainee.gradients(window);
    for (const name of ["adapter.queries.a", "adapter.output.b", "mixer.featureMap.keys", "mixer.windowFactor"]) {
      const group = trainee.optimizer.groups.get("layer 1");
      const gradient = floatsOf(gradients.get("layer 1")?.[name] as FloatTensor);
      const parameter = group?.parameters[name];
      if (group === undefined || parameter === undefined) throw new Error(`no ${name}`);
      const norm = Math.hypot(...gradient);
      // Along the gradient itself the loss changes fastest: float32 then resolves the difference.
      const lossAt = async (step: number) => {
        const moved = parameter.data.map((value, index) => value + (step * (gradient[index] ?? 0)) / norm);
        group.parameters = { ...group.parameters, [name]: { ...parameter, data: moved } };
        const { loss } = await trainee.gradients(window);
        group.parameters = { ...group.parameters, [name]: parameter };
        return loss;
      };
      const step = 0.02;
      const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
      expect(Math.abs(slope / norm - 1), name).toBeLessThan(0.02);
    }
  });

  test("are the same with activations saved and recomputed", async () => {
    const [saved, recomputed] = [await warmed(), await warmed({ recomputed: 3 })];
    const [left, right] = [await saved.gradients(window), await recomputed.gradients(window)];
    expect(right.loss).toBeCloseTo(left.loss, 5);
    for (const [name, tensor] of Object.entries(left.gradients.get("layer 0") ?? {})) {
      expectClose(floatsOf(right.gradients.get("layer 0")?.[name] as FloatTensor), floatsOf(tensor), 1e-4, name);
    }
  });
});

test("products in 8 bits change the loss by less than a percent and turn no gradient away; held-out text never meets them", async () => {
  const heldOut = [window];
  const [exact, rounded] = [await warmed({ heldOut }), await warmed({ heldOut, products: "int8" })];
  rounded.optimizer.adopt(exact.optimizer.snapshot());
  const [left, right] = [await exact.gradients(window), await rounded.gradients(window)];
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

test("merged weights compute what the adapters do", async () => {
  const trainee = await warmed();
  const model = { ...tinyModel([preset("lolcats")]), weights: await trainee.merged(), mixers: trainee.layers() };
  const losses = await new ForwardPass(engine, model).losses(window.ids.subarray(0, length));
  // The first row alone counts, without its last token.
  const { loss } = await trainee.gradients({
    ...window,
    weights: window.weights.map((_one, index) => Number(index < length - 1)),
  });
  expect(losses.reduce((sum, each) => sum + each, 0) / (length - 1)).toBeCloseTo(loss, 4);
});
