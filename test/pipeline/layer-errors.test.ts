/** Layer-wise errors against cases whose error is known without measuring. */
import { afterAll, describe, expect, test } from "vitest";
import type { Model } from "../../src/inference/model.ts";
import { parseMixer, softmaxSpec } from "../../src/mixers/index.ts";
import type { LayerWeights, Weight } from "../../src/model/weights.ts";
import { layerErrors } from "../../src/pipeline/layer-errors.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { preset, randomIds, tinyModel } from "../inference/tiny-model.ts";

const engine = createEngine({ threads: 1 });
afterAll(() => engine.release());

// Without biases, so that attention grows with its output projection.
const sizes = { attention_bias: false };
const teacher = tinyModel([softmaxSpec], sizes);
const text = { ids: randomIds(100, 61), length: 40, signal: new AbortController().signal };

/** A window of all tokens is softmax attention under another name. */
const whole = parseMixer({ window: { kind: "slide", size: 64 } }, "whole");

/** The student with what its attention adds in one layer times a factor. */
function scaled(student: Model, layer: number, factor: number): Model {
  const layers = student.weights.layers.map((weights, index): LayerWeights => {
    if (index !== layer || weights.output === undefined) return weights;
    const output: Weight = { ...weights.output, data: weights.output.data.map((value) => factor * value) };
    return { ...weights, output };
  });
  return { ...student, weights: { ...student.weights, layers } };
}

const student: Model = { ...teacher, mixers: tinyModel([whole, softmaxSpec, whole], sizes).mixers };

describe("layer-wise errors", () => {
  test("are nothing for an exact copy, and null for a layer that stays softmax", async () => {
    const errors = await layerErrors(engine, { student, teacher }, text);
    expect(errors).toHaveLength(3);
    for (const layer of [0, 2]) expect(errors[layer]).toBeLessThan(1e-5);
    expect(errors[1]).toBeNull();
  });

  test("are each layer's own: half for attention that is half too large, one for attention that is gone", async () => {
    const wrong = scaled(scaled(student, 0, 1.5), 2, 0);
    const errors = await layerErrors(engine, { student: wrong, teacher }, text);
    expect(errors[0]).toBeCloseTo(0.5, 5);
    expect(errors[2]).toBeCloseTo(1, 5);
    const [first] = await layerErrors(engine, { student: scaled(student, 2, 0), teacher }, text);
    expect(first).toBeLessThan(1e-5);
  });

  test("are left out where there is nothing to compare layer by layer", async () => {
    const linear = tinyModel([preset("lolcats")], sizes);
    expect(await layerErrors(engine, { student: teacher, teacher }, text)).toEqual([]);
    expect(await layerErrors(engine, { student, teacher: linear }, text)).toEqual([]);
    expect(
      await layerErrors(engine, { student, teacher: tinyModel([softmaxSpec], { ...sizes, hidden_size: 64 }) }, text),
    ).toEqual([]);
  });
});
