import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  endOfTextIds,
  parseModelConfig,
  parsePythonJson,
  readGenerationConfig,
  readModelConfig,
} from "../../src/formats/config.ts";
import { dataPath, dataTest } from "../data.ts";

test("Python's bare numbers are read outside of strings alone", () => {
  const text = '{"a": Infinity, "b": [-Infinity, NaN, 1e-6], "Infinity": "NaN \\" Infinity", "c": {"d": NaN}}';
  expect(parsePythonJson("x", text)).toEqual({
    a: Number.POSITIVE_INFINITY,
    b: [Number.NEGATIVE_INFINITY, Number.NaN, 1e-6],
    Infinity: 'NaN " Infinity',
    c: { d: Number.NaN },
  });
});

test("what is not JSON, or no configuration, is an error with the file's name", () => {
  expect(() => parseModelConfig("a/config.json", "{")).toThrow("a/config.json: is not valid JSON");
  expect(() => parseModelConfig("a/config.json", '{"hidden_size": 3}')).toThrow(/a\/config\.json[\s\S]*model_type/);
  expect(() => parseModelConfig("a/config.json", '{"model_type": "x", "eos_token_id": "</s>"}')).toThrow(
    /a\/config\.json[\s\S]*eos_token_id/,
  );
});

test("a folder without configuration, and one too large or not UTF-8, are named", async () => {
  const folder = await mkdtemp(join(tmpdir(), "subquad-config-"));
  await expect(readModelConfig(folder)).rejects.toThrow(`${join(folder, "config.json")}: there is no such file`);
  await writeFile(join(folder, "config.json"), Buffer.from([0x7b, 0xff, 0x7d]));
  await expect(readModelConfig(folder)).rejects.toThrow("is not valid UTF-8");
  await writeFile(join(folder, "config.json"), Buffer.alloc(17 * 2 ** 20, " "));
  await expect(readModelConfig(folder)).rejects.toThrow("17825792 bytes");
  expect(await readGenerationConfig(folder)).toBeUndefined();
  await rm(folder, { recursive: true });
});

test("end-of-text ids may be one, several, or come from either file", () => {
  const config = (eos: string) => parseModelConfig("config.json", `{"model_type": "llama"${eos}}`);
  expect(endOfTextIds(config(', "eos_token_id": 2'))).toEqual([2]);
  expect(endOfTextIds(config(', "eos_token_id": null'))).toEqual([]);
  expect(endOfTextIds(config(""))).toEqual([]);
  expect(endOfTextIds(config(', "eos_token_id": 2'), { eos_token_id: [7, 8] })).toEqual([7, 8]);
  expect(endOfTextIds(config(', "eos_token_id": [2, 3]'), { eos_token_id: null })).toEqual([2, 3]);
});

dataTest("each family's configurations are read, in both spellings", async () => {
  const root = dataPath("families");
  let legacy = 0;
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith("llama-gguf")) continue;
    const config = await readModelConfig(join(root, entry.name));
    const files = await readdir(join(root, entry.name));
    if (files.includes("config.legacy.json")) {
      const old = await readModelConfig(join(root, entry.name, "config.legacy.json"));
      expect(old.model_type).toBe(config.model_type);
      legacy++;
    }
    if (files.includes("generation_config.json")) await readGenerationConfig(join(root, entry.name));
  }
  expect(legacy).toBeGreaterThan(10);
  const mamba = await readModelConfig(join(root, "mamba2", "config.legacy.json"));
  expect(mamba.time_step_limit).toEqual([0, Number.POSITIVE_INFINITY]);
});
