/** AdamW on the engine against the published update written out in float64. */
import { expect, test } from "vitest";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { expectClose } from "../compare.ts";
import { normals } from "../random.ts";

const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };
const shapes = { matrix: [3, 4], vector: [4] } as const;

function tensors(seed: number) {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], index) => {
      const size = shape.reduce((product, dimension) => product * dimension, 1);
      return [name, floats(shape, Float32Array.from(normals(size, seed + index)))];
    }),
  );
}

test("five steps with clipping equal the formulas; vectors are not decayed", async () => {
  const optimizer = new Optimizer(
    createEngine({ threads: 1 }),
    new Map([["all", { parameters: tensors(1) }]]),
    settings,
  );
  const expected = Object.entries(tensors(1)).map(([name, { data, shape }]) => ({
    name,
    decay: shape.length > 1 ? settings.weightDecay : 0,
    parameter: Float64Array.from(data),
    first: new Float64Array(data.length),
    second: new Float64Array(data.length),
  }));
  for (let step = 1; step <= 5; step++) {
    const gradients = tensors(10 * step);
    const norm = Math.sqrt(
      Object.values(gradients).reduce((sum, { data }) => sum + data.reduce((s, g) => s + g * g, 0), 0),
    );
    const measured = await optimizer.norm(new Map([["all", gradients]]));
    expect(measured).toBeCloseTo(norm, 5);
    await optimizer.step(new Map([["all", gradients]]), settings.learningRate, 1 / norm);
    for (const each of expected) {
      const gradient = gradients[each.name]?.data ?? [];
      each.parameter.forEach((value, i) => {
        const g = (gradient[i] ?? 0) / norm;
        each.first[i] = settings.beta1 * (each.first[i] ?? 0) + (1 - settings.beta1) * g;
        each.second[i] = settings.beta2 * (each.second[i] ?? 0) + (1 - settings.beta2) * g * g;
        const first = (each.first[i] ?? 0) / (1 - settings.beta1 ** step);
        const second = (each.second[i] ?? 0) / (1 - settings.beta2 ** step);
        const kept = value * (1 - settings.learningRate * each.decay);
        each.parameter[i] = kept - (settings.learningRate * first) / (Math.sqrt(second) + settings.epsilon);
      });
    }
  }
  for (const { name, parameter } of expected) {
    expectClose(optimizer.groups.get("all")?.parameters[name]?.data ?? [], parameter, 1e-5, name);
  }
});

test("a restored optimizer goes on to the same bits", async () => {
  const engine = createEngine({ threads: 1 });
  const make = () => new Optimizer(engine, new Map([["all", { parameters: tensors(1) }]]), settings);
  const [left, right] = [make(), make()];
  await left.step(new Map([["all", tensors(5)]]), 0.01, 1);
  const kept = new Map([...left.tensors()].map(([name, { data }]) => [name, data.slice()]));
  right.restore(1, (name) => kept.get(name) ?? new Float32Array(0));
  for (const optimizer of [left, right]) await optimizer.step(new Map([["all", tensors(7)]]), 0.01, 1);
  const bits = (optimizer: Optimizer) =>
    Object.values(optimizer.groups.get("all")?.parameters ?? {}).map(({ data }) => [...data]);
  expect(bits(right)).toEqual(bits(left));
});
