/** Gradients through all blocks against the golden gradients of the published implementation. */
import { describe, expect } from "vitest";
import { blockOf, familyNamed, layerShapes } from "../../src/families/index.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64 } from "../../src/formats/tensor.ts";
import { namedWeights } from "../../src/model/name-weights.ts";
import type { ModelWeights } from "../../src/model/weights.ts";
import { createEngine, type FloatTensor } from "../../src/runtime/index.ts";
import { Stack } from "../../src/training/stack.ts";
import { expectClose } from "../compare.ts";
import { dataPath, dataTest } from "../data.ts";
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
