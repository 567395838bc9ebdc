/** Gradients through all blocks against the golden gradients of the published implementation, or against the loss's slope. */
import { describe, expect, test } from "vitest";
import { blockOf, familyNamed, layerShapes } from "../../src/families/index.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64 } from "../../src/formats/tensor.ts";
import { namedWeights } from "../../src/model/name-weights.ts";
import type { LayerWeights, ModelWeights } from "../../src/model/weights.ts";
import { createEngine, type FloatTensor, floatsOf } from "../../src/runtime/index.ts";
import { Stack } from "../../src/training/stack.ts";
import { expectClose } from "../compare.ts";
import { dataPath, dataTest } from "../data.ts";
import { randomIds, tinyFalconH1, tinyRwkv } from "../inference/tiny-model.ts";
import { loadFolder } from "../model/load.ts";

describe.each(["llama", "gpt2"])("gradients of %s's next-token loss", (name) => {
  for (const activations of ["saved", "recomputed"] as const) {
    dataTest(`with activations ${activations}`, async () => {
      const folder = dataPath("families", name);
      const { architecture, weights, mixers } = await loadFolder(folder);
      const golden = openSafetensors(`${folder}/golden.safetensors`);
      const ids = Int32Array.from(readFloat64(golden, "input_ids"));
      const [batch = 0, length = 0] = golden.info("input_ids").shape;
      const trained = [...layerShapes(blockOf(architecture, 0)).keys()];
      const blocks = mixers.map(({ spec }) => ({ mixer: spec, trained, activations }));
      const stack = new Stack(createEngine({ threads: 1 }), { architecture, batch, length, blocks, trainEnds: true });
      const targets = ids.map((_id, index) => ids[index + 1] ?? 0);
      // Each row's last token has no target of its own.
      const counted = Float32Array.from(ids, (_id, index) => Number((index + 1) % length !== 0));
      const { loss, layers, ends } = await stack.gradients(
        { ids, targets, weights: counted },
        { ...weights, layers: weights.layers as Record<string, FloatTensor>[] },
      );
      expect(loss).toBeCloseTo(readFloat64(golden, "loss")[0] ?? 0, 5);
      // Gradients are named, fused and turned as their weights are.
      const gradients = { ...ends, layers } as unknown as ModelWeights;
      const named = namedWeights(gradients, (await familyNamed(name)).tensors, architecture);
      const wanted = golden.names().filter((tensor) => tensor.startsWith("gradients."));
      expect(named.map(([tensor]) => `gradients.${tensor}`).toSorted()).toEqual(wanted.toSorted());
      for (const [tensor, { data }] of named)
        expectClose(data, readFloat64(golden, `gradients.${tensor}`), 1e-4, tensor);
    });
  }
});

describe.each([
  ["a branch beside attention", tinyFalconH1()],
  ["token shift and a gated MLP", tinyRwkv()],
])("gradients of blocks with %s", (_name, { architecture, weights, mixers }) => {
  const [batch, length] = [2, 20];
  const ids = Int32Array.from(randomIds(batch * length, 61));
  const trained = [...layerShapes(blockOf(architecture, 0)).keys()];
  const blocks = mixers.map(({ spec }) => ({ mixer: spec, trained, activations: "saved" as const }));
  const stack = new Stack(createEngine({ threads: 1 }), { architecture, batch, length, blocks, trainEnds: true });
  const gradients = (layers: readonly LayerWeights[]) =>
    stack.gradients(
      { ids, targets: ids.map((_id, index) => ids[index + 1] ?? 0), weights: new Float32Array(ids.length).fill(1) },
      { ...weights, layers: layers as Record<string, FloatTensor>[] },
    );

  // Larger ones bend, smaller ones drown in float32.
  const step = 0.003;

  test("are the loss's slopes along them", async () => {
    const { layers } = await gradients(weights.layers);
    const [first = {}, ...rest] = weights.layers;
    for (const role of trained) {
      const [weight, gradient] = [first[role], floatsOf(layers[0]?.[role] as FloatTensor)];
      const norm = Math.hypot(...gradient);
      if (weight === undefined || norm < 1e-3) throw new Error(`${role} learns nothing: ${norm}`);
      const lossAt = async (along: number) => {
        const data = weight.data.map((value, index) => value + (along * (gradient[index] ?? 0)) / norm);
        return (await gradients([{ ...first, [role]: { ...weight, data } }, ...rest])).loss;
      };
      const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
      expect(Math.abs(slope / norm - 1), role).toBeLessThan(0.02);
    }
  });
});
