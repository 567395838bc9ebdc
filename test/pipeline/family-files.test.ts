/** Families that users describe in a file: golden where the description fits, and named faults where it does not. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64 } from "../../src/formats/tensor.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { convertByRecipe } from "../../src/pipeline/conversion.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { loadLinearizeRecipe } from "../../src/pipeline/recipes.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { expectClose } from "../compare.ts";
import { dataPath, dataTest } from "../data.ts";
import { recordingContext } from "./context.ts";
import { smallTeacher } from "./small-teacher.ts";

/** StarCoder 2 as a user would describe it who only knows Llama. */
const starcoder = `
name: my-starcoder
model_types: [my_code]
like: llama
config: { hidden_size: width, rms_norm_eps: norm_epsilon }
ignored: [sliding_window, use_bias]
tensors:
  modules: { up: mlp.c_fc, down: mlp.c_proj }
block:
  norm: { kind: layer, bias: true }
  mlp: { gated: false }
  biases: { qkv: true, output: true, mlp: true }
  attention: { window: 16 }
`;

const folder = mkdtempSync(join(tmpdir(), "subquad-family-"));
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
let small: Awaited<ReturnType<typeof smallTeacher>>;

beforeAll(async () => {
  small = await smallTeacher();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  small.remove();
});

/** A copy of a golden folder whose configuration says something else. */
function copied(change: (config: Record<string, unknown>) => Record<string, unknown>): string {
  const path = join(folder, "model");
  cpSync(dataPath("families", "starcoder2"), path, { recursive: true });
  const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
  writeFileSync(join(path, "config.json"), JSON.stringify(change(config)));
  return path;
}

dataTest("a described family gives the golden logits, and a conversion keeps its description", async () => {
  const path = copied(({ hidden_size, ...config }) => ({ ...config, width: hidden_size, model_type: "my_code" }));
  const teacher = await openModel(path, { family: file("starcoder.yaml", starcoder) });
  const golden = openSafetensors(join(path, "golden.safetensors"));
  const ids = readFloat64(golden, "input_ids");
  const engine = createEngine({ threads: 1 });
  const forward = new ForwardPass(engine, teacher.model);
  const hidden = await forward.hidden({ ids, batch: 2, length: 48 });
  const { data } = await forward.logits(floats([96, 32], hidden.data));
  expectClose(data, readFloat64(golden, "logits"), 1e-4, "logits");
  const stream = { ids: Int32Array.from(ids), mask: undefined };
  const output = join(folder, "converted");
  const { model } = await convertByRecipe(
    {
      teacher,
      recipe: await loadLinearizeRecipe("lolcats", { tokens: 96, length: 48, set: ["layers=including_local"] }),
      text: { train: stream, heldOut: stream, texts: [] },
      output,
      resume: false,
      threads: 1,
    },
    recordingContext().context,
  );
  const again = await openModel(output);
  expect(again.family.name).toBe("my-starcoder");
  expect(again.model.architecture).toEqual(model.architecture);
  await engine.release();
});

describe("a description", () => {
  const whole = "name: mine\nmodel_types: [mine]\nlike: llama\n";
  test.each([
    ["an unknown key", `${whole}blocks: {}\n`],
    ["an unknown choice", `${whole}block: { residual: twice }\n`],
    ["an unknown role", `${whole}tensors: { modules: { query: q } }\n`],
    ["no known family", whole.replace("llama", "lama")],
    ["no name", "model_types: [mine]\nlike: llama\n"],
    ["another type", whole],
  ])("with %s is refused by name and place", async (_name, text) => {
    const path = join(folder, "wrong");
    cpSync(small.teacher, path, { recursive: true });
    const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
    writeFileSync(join(path, "config.json"), JSON.stringify({ ...config, model_type: "other" }));
    const problem = await openModel(path, { family: file("wrong.yaml", text) }).then(
      () => "none",
      (error: Error) => error.message.replaceAll(folder, "").replace(/\(known: .*\)/, "(known: …)"),
    );
    expect(problem).toMatchSnapshot();
  });

  test("is asked for where a type is not known", async () => {
    const path = join(folder, "unknown");
    cpSync(small.teacher, path, { recursive: true });
    const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
    writeFileSync(join(path, "config.json"), JSON.stringify({ ...config, model_type: "other" }));
    await expect(openModel(path)).rejects.toThrow(/models of type "other" are not known .* give that with --family/);
  });
});
