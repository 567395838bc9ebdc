/** Published reference implementations' outputs, states and gradients, from the golden files. */
import { readdirSync } from "node:fs";
import { describe, expect } from "vitest";
import { checkGolden, type FileCheck, passes } from "../../src/pipeline/mixers/golden-check.ts";
import { answerTo, openGolden } from "../../src/pipeline/mixers/golden-file.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { dataFolder, dataPath, dataTest } from "../data.ts";

const engine = createEngine({ threads: 1 });

/** The files of the data folder. */
const files =
  dataFolder() === undefined ? [] : readdirSync(dataPath("mixers")).filter((name) => name.endsWith(".safetensors"));

/** The oracles that no preset answers to, and why. */
const uncovered: Readonly<Record<string, string>> = {};

const pathOf = (file: string) => dataPath("mixers", file);

function stem(file: string): string {
  return file.replace(/(_t1|_t7|_strong)?\.safetensors$/, "");
}

/** The errors above their tolerance, for the message. */
function failures(check: FileCheck): FileCheck["forms"] {
  return check.forms.filter((form) => !passes({ ...check, forms: [form] }));
}

describe("golden files", () => {
  for (const file of files) {
    dataTest(`${file} equals every form of its preset`, async () => {
      if (stem(file) in uncovered) {
        const golden = openGolden(pathOf(file));
        expect(answerTo(golden)).toBeUndefined();
        golden.source.close();
        return;
      }
      const check = await checkGolden(pathOf(file), engine);
      expect(failures(check)).toEqual([]);
      expect(check.forms.length).toBeGreaterThan(0);
    });
  }

  dataTest("are all looked at", () => {
    expect(files.length).toBeGreaterThan(100);
  });
});
