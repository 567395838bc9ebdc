/** Models of every kind of file give the reference implementation's logits. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64 } from "../../src/formats/tensor.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { logits } from "../../src/pipeline/logits.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { dataFolder, dataPath, dataTest } from "../data.ts";
import { decoderFolders, recurrentFolders } from "../families/folders.ts";
import { recordingContext } from "./context.ts";

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
      const made = await forward.logits(floats([batch * length, model.architecture.hiddenSize], hidden.data));
      const expected = readFloat64(golden, "logits");
      const worst = expected.reduce(
        (most, value, index) => Math.max(most, Math.abs(value - (made.data[index] ?? 1e9))),
        0,
      );
      expect(worst).toBeLessThan(2e-4);
    });
  }
});

describe.each([...decoderFolders, ...recurrentFolders])("the folder %s", (name) => {
  dataTest("opens as it is published, and its likeliest next token is the golden one", async () => {
    const path = dataPath("families", name);
    const golden = openSafetensors(join(path, "golden.safetensors"));
    const ids = [...readFloat64(golden, "input_ids").subarray(0, 48)];
    const [, , width = 0] = golden.info("logits").shape;
    const wanted = [...readFloat64(golden, "logits").subarray(47 * width, 48 * width)];
    const best = Math.max(...wanted);
    const document = await logits({ model: path, ids, top: 1, threads: 1 }, recordingContext().context);
    expect(document.top_ids).toEqual([wanted.indexOf(best)]);
    expect(document.top_logits[0]).toBeCloseTo(best, 3);
  });
});
