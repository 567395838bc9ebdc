/** Models of every kind of file give the reference implementation's logits. */
import { readdirSync } from "node:fs";
import { describe, expect } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64 } from "../../src/formats/tensor.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { dataFolder, dataPath, dataTest } from "../data.ts";

const ggufFolders = ["llama-gguf", "llama-gguf-k"];

describe("GGUF files of every quantization", () => {
  const files = ggufFolders.flatMap((folder) =>
    dataFolder() === undefined
      ? [[folder, "all"] as const]
      : readdirSync(dataPath("families", folder))
          .filter((file) => file.endsWith(".gguf"))
          .map((file) => [folder, file.replace(".gguf", "")] as const),
  );
  for (const [folder, type] of files) {
    dataTest(`${folder} ${type}`, async () => {
      const { model } = await openModel(dataPath("families", folder, `${type}.gguf`), {
        tokenizer: dataPath("smollm2"),
      });
      const golden = openSafetensors(dataPath("families", folder, `${type}.golden.safetensors`));
      const [batch = 0, length = 0] = golden.info("input_ids").shape;
      const forward = new ForwardPass(createEngine({ threads: 1 }), model);
      const hidden = await forward.hidden({ ids: readFloat64(golden, "input_ids"), batch, length });
      const logits = await forward.logits(floats([batch * length, model.architecture.hiddenSize], hidden.data));
      const expected = readFloat64(golden, "logits");
      const worst = expected.reduce(
        (most, value, index) => Math.max(most, Math.abs(value - (logits.data[index] ?? 1e9))),
        0,
      );
      expect(worst).toBeLessThan(2e-4);
    });
  }
});
