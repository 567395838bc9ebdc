/** Gradients through all blocks against the golden gradients of the published implementation. */
import { describe, expect } from "vitest";
import { blockOf, layerShapes, layerTensorName } from "../../src/families/index.ts";
import llama from "../../src/families/known/llama.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64 } from "../../src/formats/tensor.ts";
import { createEngine, type FloatTensor, floatsOf } from "../../src/runtime/index.ts";
import { Stack } from "../../src/training/stack.ts";
import { expectClose } from "../compare.ts";
import { dataPath, dataTest } from "../data.ts";
import { loadFolder } from "../model/load.ts";

describe("gradients of llama's next-token loss", () => {
  for (const activations of ["saved", "recomputed"] as const) {
    dataTest(`with activations ${activations}`, async () => {
      const folder = dataPath("families", "llama");
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
      const check = (name: string, actual: FloatTensor) =>
        expectClose(floatsOf(actual), readFloat64(golden, `gradients.${name}`), 1e-4, name);
      check(llama.tensors.model.embedding ?? "", ends.embedding as FloatTensor);
      check(llama.tensors.model.finalNorm ?? "", ends.finalNorm as FloatTensor);
      layers.forEach((tensors, layer) => {
        for (const role of trained) {
          check(layerTensorName(llama.tensors.layer[role] ?? "", layer), tensors[role] as FloatTensor);
        }
      });
    });
  }
});
