/** Attention transfer: what is learned apart by groups equals what is learned as a whole, and errors fall. */
import { expect, test } from "vitest";
import { parseMixer } from "../../src/mixers/index.ts";
import { transferProgram } from "../../src/model/transfer-block.ts";
import { createEngine, type FloatTensor, floats, floatsOf, type Tensors } from "../../src/runtime/index.ts";
import { DataOrder } from "../../src/training/data-order.ts";
import { heldOutWindows } from "../../src/training/held-out.ts";
import { type TransferPlan, TransferTrainee } from "../../src/training/transfer.ts";
import { transferLayer } from "../../src/training/transfer-groups.ts";
import { expectClose } from "../compare.ts";
import { preset, tinyModel } from "../inference/tiny-model.ts";
import { normals, uniform } from "../random.ts";

const engine = createEngine({ threads: 1 });
const next = uniform(3);
const ids = Int32Array.from({ length: 900 }, () => Math.floor(61 * next()));
const stream = { ids, mask: undefined };

function plan(overrides: Partial<TransferPlan> = {}): TransferPlan {
  const { architecture, weights, mixers } = tinyModel([preset("lolcats")]);
  return {
    architecture,
    weights,
    layers: mixers as TransferPlan["layers"],
    batch: 2,
    length: 100,
    weight: 1000,
    attentionWeights: 0,
    optimizer: { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    trains: () => true,
    heldOut: heldOutWindows(stream, 100, 200),
    products: "float32",
    remembered: 0,
    ...overrides,
  };
}

test.each([0, 1])(
  "groups of heads and sequences learn apart as they do together (weights' factor %i)",
  async (weightsScale) => {
    const spec = preset("lolcats");
    const sizes = { batch: 2, heads: 4, groups: 2, length: 90, dim: 8 };
    const tensor = (heads: number, seed: number) =>
      floats([2, heads, 90, 8], Float32Array.from(normals(2 * heads * 720, seed)));
    const attention = { queries: tensor(4, 1), keys: tensor(2, 2), values: tensor(2, 3), attended: tensor(4, 4) };
    const parameters = tinyModel([spec]).mixers[0]?.parameters as Record<string, FloatTensor>;
    const trained = Object.keys(parameters);
    const layer = { spec, parameters, scale: 1000, weightsScale, trained };
    const apart = await transferLayer(engine, sizes, attention, layer);
    const program = await engine.compile(
      transferProgram(sizes, { mixer: spec, scale: 1000, weightsScale, trained, accumulate: false }),
    );
    const feeds: Record<string, FloatTensor> = { ...attention };
    for (const [name, value] of Object.entries(parameters)) feeds[`mixer.${name}`] = value;
    const whole: Tensors = await program.run(feeds);
    expect(apart.error).toBeCloseTo(floatsOf(whole.error as FloatTensor)[0] ?? 0, 5);
    for (const name of trained) {
      expectClose(apart.gradients[name]?.data ?? [], floatsOf(whole[`gradient.${name}`] as FloatTensor), 1e-4, name);
    }
  },
);

test("heads that decay by their place learn together", async () => {
  const { state, ...rest } = preset("hedgehog");
  const spec = parseMixer({ ...rest, state: { ...state, decay: { kind: "constant", slopes: "retnet" } } });
  const sizes = { batch: 2, heads: 4, groups: 2, length: 30, dim: 8 };
  const tensor = (heads: number, seed: number) =>
    floats([2, heads, 30, 8], Float32Array.from(normals(2 * heads * 240, seed)));
  const attention = { queries: tensor(4, 1), keys: tensor(2, 2), values: tensor(2, 3), attended: tensor(4, 4) };
  const parameters = tinyModel([spec]).mixers[0]?.parameters as Record<string, FloatTensor>;
  const trained = Object.keys(parameters);
  const { error } = await transferLayer(engine, sizes, attention, {
    spec,
    parameters,
    scale: 1,
    weightsScale: 0,
    trained,
  });
  const program = await engine.compile(
    transferProgram(sizes, { mixer: spec, scale: 1, weightsScale: 0, trained, accumulate: false }),
  );
  const own = Object.entries(parameters).map(([name, value]) => [`mixer.${name}`, value] as const);
  const whole: Tensors = await program.run({ ...attention, ...Object.fromEntries(own) });
  expect(error).toBeCloseTo(floatsOf(whole.error as FloatTensor)[0] ?? 0, 5);
});

test.each(["gla", "liger-gla", "lizard"])("%s needs more than transfer gives, and says so", (name) => {
  const plan = { mixer: preset(name), scale: 1, weightsScale: 0, trained: [], accumulate: false };
  const sizes = { batch: 1, heads: 4, groups: 2, length: 8, dim: 8 };
  expect(() => transferProgram(sizes, plan)).toThrow(
    /attention transfer gives a mixer rotated queries, keys and values/,
  );
});

test.each([{}, { attentionWeights: 1 }, { products: "int8" as const }])(
  "errors on held-out text fall: %o",
  async (overrides) => {
    const trainee = new TransferTrainee(engine, plan(overrides));
    const before = await trainee.heldOut();
    const data = new DataOrder(stream, 100, 0);
    for (let step = 0; step < 15; step++) {
      const { gradients } = await trainee.gradients(data.batch(step, 2));
      await trainee.optimizer.step(gradients, 1e-2, 1);
    }
    expect(await trainee.heldOut()).toBeLessThan(0.9 * before);
  },
);

test("steps that learn from a remembered pass are those that run it again", async () => {
  const data = new DataOrder(stream, 100, 0);
  const [again, remembering] = [0, 2].map((remembered) => new TransferTrainee(engine, plan({ remembered })));
  if (again === undefined || remembering === undefined) throw new Error("no trainees");
  for (const step of [0, 1, 0, 1, 2, 0]) {
    const window = data.batch(step, 2);
    const [left, right] = [await again.gradients(window), await remembering.gradients(window)];
    expect(right.loss, `step on ${step}`).toBe(left.loss);
    expect(right.gradients).toEqual(left.gradients);
    for (const [trainee, { gradients }] of [
      [again, left],
      [remembering, right],
    ] as const)
      await trainee.optimizer.step(gradients, 1e-2, 1);
  }
});

test("layers that stay softmax attention are passed by, and nothing after the last learner is run", async () => {
  const { mixers } = tinyModel([preset("softmax"), preset("lolcats"), preset("softmax")]);
  const trainee = new TransferTrainee(engine, plan({ layers: mixers as TransferPlan["layers"] }));
  const { gradients } = await trainee.gradients(new DataOrder(stream, 100, 0).batch(0, 2));
  expect([...gradients.keys()]).toEqual(["layer 1"]);
});
