/** Converting a whole model: trained, compared, written, read again; interrupted and resumed to the same bits. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linearizeSchema } from "../../src/pipeline/contract.ts";
import { evaluate } from "../../src/pipeline/evaluate.ts";
import { inspect } from "../../src/pipeline/inspect.ts";
import { linearize } from "../../src/pipeline/linearize.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { recordingContext, stoppingContext } from "./context.ts";
import { smallTeacher } from "./small-teacher.ts";

let folder = "";
let teacher = "";
let text = "";
let remove = () => {};

beforeAll(async () => {
  ({ folder, teacher, text, remove } = await smallTeacher());
});

afterAll(() => remove());

const set = [
  "stages.transfer.accumulate=2",
  "stages.finetune.accumulate=1",
  "stages.transfer.evaluate_every=2",
  "stages.finetune.learning_rate=0.003",
];

function options(output: string) {
  return {
    model: teacher,
    recipe: "lolcats",
    text: [text],
    tokens: 1600,
    length: 100,
    batch: 2,
    output: join(folder, output),
    set,
    threads: 1,
    seed: 3,
  };
}

/** A conversion's losses, without its timings. */
function losses(output: string): unknown {
  const { stages, evaluation } = linearizeSchema.parse(
    JSON.parse(readFileSync(join(folder, output, "report.json"), "utf8")),
  );
  return [stages.map(({ curve }) => curve.map(({ seconds: _seconds, ...point }) => point)), evaluation.perplexity];
}

describe("a conversion", () => {
  test("lowers its losses, is reported beside teacher and ablations, and is read back as it was", async () => {
    const document = await linearize(options("whole"), recordingContext().context);
    expect(linearizeSchema.parse(document)).toEqual(document);
    for (const stage of document.stages) expect(stage.loss_last).toBeLessThan(stage.loss_first ?? 0);
    const [row] = document.evaluation.perplexity;
    expect(row?.teacher).toBeGreaterThan(1);
    for (const value of [row?.window_only, row?.linear_only, row?.neither, document.evaluation.linear_share])
      expect(value).toBeGreaterThan(0);
    expect(readdirSync(join(folder, "whole")).sort()).toEqual(
      [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "report.html",
        "report.json",
        "tokenizer.json",
        "tokenizer_config.json",
      ].sort(),
    );
    const heldOut = join(folder, "held-out.txt");
    const whole = readFileSync(text, "utf8");
    writeFileSync(heldOut, whole.slice(whole.length - Math.floor(whole.length * 0.05)));
    const again = await evaluate(
      {
        model: join(folder, "whole"),
        text: heldOut,
        lengths: [row?.length ?? 0],
        maxTokens: 8192,
        ablations: false,
        threads: 1,
      },
      recordingContext().context,
    );
    expect(again.perplexity[0]?.model).toBeCloseTo(row?.model ?? 0, 6);
    expect(again.perplexity[0]?.window_only).toBeNull();
    const { model } = await openModel(join(folder, "whole"));
    expect(model.mixers[0]?.parameters["featureMap.queries"]?.shape).toEqual([4, 8, 8]);
    const seen = await inspect({ model: join(folder, "whole") }, recordingContext().context);
    expect(seen.layers.map(({ mixer }) => mixer)).toEqual(["lolcats", "lolcats", "lolcats"]);
    expect(seen.kv_bytes_per_token).toBe(0);
    expect(seen.state_bytes_per_sequence).toBeGreaterThan(0);
  });

  test("interrupted at any step and resumed ends with the same losses and no stray files", async () => {
    for (const [round, after] of [1, 3, 6].entries()) {
      const output = `cut-${round}`;
      await expect(linearize(options(output), stoppingContext(after))).rejects.toThrow("stopped");
      writeFileSync(join(folder, output, "checkpoint", "stage.safetensors.999.tmp"), "half a file");
      await linearize({ ...options(output), resume: true }, recordingContext().context);
      expect(losses(output)).toEqual(losses("whole"));
      expect(readdirSync(join(folder, output))).toEqual(readdirSync(join(folder, "whole")));
    }
  });
});

describe("refusals name what is wrong", () => {
  test.each([
    [
      "a converted model as teacher",
      () => ({ ...options("x"), model: join(folder, "whole") }),
      "is linearized already",
    ],
    ["a folder of other files", () => ({ ...options("x"), output: teacher }), "holds other files"],
    ["too little text", () => ({ ...options("x"), length: 5000 }), "fewer than one sequence"],
    ["a recipe that does not exist", () => ({ ...options("x"), recipe: "lolcat" }), "did you mean lolcats"],
  ])("%s", async (_name, make, message) => {
    await expect(linearize(make(), recordingContext().context)).rejects.toThrow(message);
  });

  test("a checkpoint of another run", async () => {
    const abort = new AbortController();
    abort.abort(new Error("stopped"));
    await expect(linearize(options("other"), recordingContext(abort.signal).context)).rejects.toThrow("stopped");
    const changed = { ...options("other"), seed: 4, resume: true };
    await expect(linearize(changed, recordingContext().context)).rejects.toThrow("another run");
  });
});
