/** The unconverted path is the teacher: logits and hidden states against the golden files of the Llama family. */
import { describe, expect } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64 } from "../../src/formats/tensor.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { dataPath, dataTest } from "../data.ts";
import { loadFolder } from "../model/load.ts";

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    largest = difference > largest || Number.isNaN(difference) ? difference : largest;
  }
  return largest;
}

describe("logits of the published implementation", () => {
  const folders = [
    "llama",
    "llama-bf16",
    "llama-sharded",
    "llama-untied",
    "llama-linear-rope",
    "llama-yarn",
    "llama3-rope",
  ];
  for (const folder of folders) {
    for (const config of ["config.json", "config.legacy.json"]) {
      dataTest(`${folder} by ${config}`, async () => {
        const path = dataPath("families", folder);
        const model = loadFolder(path, config);
        const golden = openSafetensors(`${path}/golden.safetensors`);
        const ids = readFloat64(golden, "input_ids");
        const [batch = 0, length = 0] = golden.info("input_ids").shape;
        const forward = new ForwardPass(createEngine({ threads: 1 }), model);
        const width = model.architecture.hiddenSize;
        const states = readFloat64(golden, "hidden_states");
        const hidden = await forward.hidden({ ids, batch, length }, (layer, x) => {
          if (layer === model.architecture.layers) return;
          const size = batch * length * width;
          expect(largestDifference(x.data, states.subarray(layer * size, (layer + 1) * size))).toBeLessThan(2e-4);
        });
        const logits = await forward.logits(floats([batch * length, width], hidden.data));
        expect(largestDifference(logits.data, readFloat64(golden, "logits"))).toBeLessThan(2e-4);
      });
    }
  }
});
