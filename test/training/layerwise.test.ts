/** Layerwise learning: groups of heads apart equal the whole, both paths agree, gradients are slopes, and errors fall. */
import { expect, test } from "vitest";
import { type MixerSpec, parseMixer, softmaxSpec } from "../../src/mixers/index.ts";
import { transferProgram } from "../../src/model/transfer-block.ts";
import { createEngine, type FloatTensor, floats, floatsOf, type Tensors } from "../../src/runtime/index.ts";
import { DataOrder } from "../../src/training/data-order.ts";
import { heldOutWindows } from "../../src/training/held-out.ts";
import { type LayerwisePlan, LayerwiseTrainee } from "../../src/training/layerwise.ts";
import { transferLayer } from "../../src/training/transfer-groups.ts";
import { expectClose } from "../compare.ts";
import { preset, tinyModel } from "../inference/tiny-model.ts";
import { normals, uniform } from "../random.ts";
import { expectSlope } from "./slope.ts";

const engine = createEngine({ threads: 1 });
const next = uniform(3);
const ids = Int32Array.from({ length: 900 }, () => Math.floor(61 * next()));
const stream = { ids, mask: undefined };

const outputsOnly = { outputs: 1000, weights: 0, mixed: 0, stream: 0, salience: 0 };

function plan(overrides: Partial<LayerwisePlan> = {}, spec = preset("lolcats")): LayerwisePlan {
  const { architecture, weights, mixers } = tinyModel([spec]);
  return {
    architecture,
    weights,
    teacher: weights,
    layers: mixers as LayerwisePlan["layers"],
    batch: 2,
    length: 100,
    loss: outputsOnly,
    inputs: "teacher",
    optimizer: { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    trains: () => true,
    seed: 0,
    heldOut: heldOutWindows(stream, 100, 200),
    products: "float32",
    remembered: 0,
    ...overrides,
  };
}

/** What a teacher's attention might have read and returned, for two sequences, four heads and two groups. */
function attentionOf(length: number) {
  const tensor = (heads: number, seed: number) =>
    floats([2, heads, length, 8], Float32Array.from(normals(2 * heads * length * 8, seed)));
  return { queries: tensor(4, 1), keys: tensor(2, 2), values: tensor(2, 3), attended: tensor(4, 4) };
}

test.each([0, 1])(
  "groups of heads and sequences learn apart as they do together (weights' factor %i)",
  async (factor) => {
    const spec = preset("lolcats");
    const sizes = { batch: 2, heads: 4, groups: 2, length: 90, dim: 8 };
    const attention = attentionOf(90);
    const parameters = tinyModel([spec]).mixers[0]?.parameters as Record<string, FloatTensor>;
    const trained = Object.keys(parameters);
    const loss = { outputs: 1000, weights: factor };
    const apart = await transferLayer(engine, sizes, attention, {
      spec,
      teacher: softmaxSpec,
      parameters,
      loss,
      trained,
    });
    const program = await engine.compile(
      transferProgram(sizes, { mixer: spec, teacher: softmaxSpec, ...loss, trained, accumulate: false }),
    );
    const feeds: Record<string, FloatTensor> = { ...attention };
    for (const [name, value] of Object.entries(parameters)) feeds[`mixer.${name}`] = value;
    const whole: Tensors = await program.run(feeds);
    expect(apart.terms.outputs).toBeCloseTo(floatsOf(whole.outputs as FloatTensor)[0] ?? 0, 5);
    for (const name of trained) {
      expectClose(apart.gradients[name]?.data ?? [], floatsOf(whole[`gradient.${name}`] as FloatTensor), 1e-4, name);
    }
  },
);

test("heads that decay by their place learn together", async () => {
  const { state, ...rest } = preset("hedgehog");
  const spec = parseMixer({ ...rest, state: { ...state, decay: { kind: "constant", slopes: "retnet" } } });
  const sizes = { batch: 2, heads: 4, groups: 2, length: 30, dim: 8 };
  const attention = attentionOf(30);
  const parameters = tinyModel([spec]).mixers[0]?.parameters as Record<string, FloatTensor>;
  const trained = Object.keys(parameters);
  const loss = { outputs: 1, weights: 0 };
  const { terms } = await transferLayer(engine, sizes, attention, {
    spec,
    teacher: softmaxSpec,
    parameters,
    loss,
    trained,
  });
  const program = await engine.compile(
    transferProgram(sizes, { mixer: spec, teacher: softmaxSpec, ...loss, trained, accumulate: false }),
  );
  const own = Object.entries(parameters).map(([name, value]) => [`mixer.${name}`, value] as const);
  const whole: Tensors = await program.run({ ...attention, ...Object.fromEntries(own) });
  expect(terms.outputs).toBeCloseTo(floatsOf(whole.outputs as FloatTensor)[0] ?? 0, 5);
});

const data = new DataOrder(stream, 100, 0);

/** A term that is too small to count makes the same loss go the way from the stream instead of the attention's pieces. */
const fromStream = { ...outputsOnly, stream: 1e-12 };

test.each([
  ...["lolcats", "lawcat", "lizard", "gated-delta-net", "supra", "hedgehog"].map((name) => [name, 0] as const),
  ["lolcats", 1],
  ["hedgehog", 1],
] as const)(
  "%s learns the same from the attention's pieces as from the stream (weights' factor %i)",
  async (name, weights) => {
    const losses = [outputsOnly, fromStream].map((loss) => ({ ...loss, weights }));
    const [pieces, stream] = losses.map((loss) => new LayerwiseTrainee(engine, plan({ loss }, preset(name))));
    if (pieces === undefined || stream === undefined) throw new Error("no trainees");
    const [left, right] = [await pieces.gradients(data.batch(0, 2)), await stream.gradients(data.batch(0, 2))];
    expect(right.loss / left.loss).toBeCloseTo(1, 5);
    for (const [parameter, tensor] of Object.entries(left.gradients.get("layer 1") ?? {})) {
      const other = right.gradients.get("layer 1")?.[parameter] as FloatTensor;
      expectClose(floatsOf(other), floatsOf(tensor as FloatTensor), 1e-3, parameter);
    }
  },
);

test.each<[string, Partial<LayerwisePlan>, string[], MixerSpec?]>([
  ["outputs", {}, ["mixer.featureMap.keys", "mixer.windowFactor"]],
  ["weights", { loss: { outputs: 0, weights: 1, mixed: 0, stream: 0, salience: 0 } }, ["mixer.featureMap.queries"]],
  [
    "weights of a mixer that rotates",
    { loss: { outputs: 0, weights: 1, mixed: 0, stream: 0, salience: 0 } },
    ["mixer.featureMap.queries"],
    parseMixer({ ...preset("hedgehog"), rope: "state" }),
  ],
  [
    "mixer outputs, with adapters",
    {
      loss: { outputs: 0, weights: 0, mixed: 1, stream: 0, salience: 0 },
      adapters: { rank: 2, scale: 1, targets: ["keys", "output"] },
    },
    ["adapter.output.b", "mixer.featureMap.keys"],
  ],
  [
    "streams, with weights",
    { loss: { outputs: 0, weights: 0, mixed: 0, stream: 1, salience: 0 }, roles: ["values", "down"] },
    ["values", "down", "mixer.featureMap.queries"],
  ],
  [
    "what tokens are worth",
    { loss: { outputs: 0, weights: 0, mixed: 0, stream: 0, salience: 1 } },
    ["mixer.window.salience.weight"],
    parseMixer({ window: { kind: "salient", size: 6, block: 4, tokens: 3 } }),
  ],
  ["the student's own states", { inputs: "student" }, ["mixer.featureMap.keys"]],
])("gradients are slopes of the loss: %s", async (_name, overrides, names, mixer = preset("lolcats")) => {
  const trainee = new LayerwiseTrainee(engine, plan(overrides, mixer));
  const { loss } = { ...plan(overrides, mixer) };
  const factors = Object.values(loss).reduce((sum, factor) => sum + factor, 0);
  // Of the last layer: with the student's own states, what a layer learns changes the inputs of those after it.
  for (const name of names) await expectSlope(trainee, data.batch(0, 2), "layer 2", name, factors);
});

test("a mixer whose rows are no weights cannot learn from weights, and says so", () => {
  const mixer = preset("supra");
  const sizes = { batch: 1, heads: 4, groups: 2, length: 8, dim: 8 };
  expect(() =>
    transferProgram(sizes, { mixer, teacher: softmaxSpec, outputs: 0, weights: 1, trained: [], accumulate: false }),
  ).toThrow(/attention_weights compares rows that sum to one, and this mixer's do not/);
});

test("layers outside the range have nothing to learn", async () => {
  const trainee = new LayerwiseTrainee(engine, plan({ learns: (layer) => layer === 1 }));
  const { gradients } = await trainee.gradients(data.batch(0, 2));
  expect([...gradients.keys()]).toEqual(["layer 1"]);
});

test.each<Partial<LayerwisePlan>>([
  {},
  { loss: { ...outputsOnly, weights: 1 } },
  { products: "int8" },
  { inputs: "student" },
  { inputs: "student", products: "int8", loss: { outputs: 0, weights: 0, mixed: 1, stream: 0, salience: 0 } },
])("errors on held-out text fall: %o", async (overrides) => {
  const trainee = new LayerwiseTrainee(engine, plan(overrides));
  const before = await trainee.heldOut();
  for (let step = 0; step < 15; step++) {
    const { gradients } = await trainee.gradients(data.batch(step, 2));
    await trainee.optimizer.step(gradients, 1e-2, 1);
  }
  expect(await trainee.heldOut()).toBeLessThan(0.9 * before);
});

test("steps that learn from a remembered pass are those that run it again", async () => {
  const [again, remembering] = [0, 2].map((remembered) => new LayerwiseTrainee(engine, plan({ remembered })));
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
  const trainee = new LayerwiseTrainee(engine, plan({ layers: mixers as LayerwisePlan["layers"] }));
  const { gradients } = await trainee.gradients(new DataOrder(stream, 100, 0).batch(0, 2));
  expect([...gradients.keys()]).toEqual(["layer 1"]);
});
