/** Every family of decoders converts: stages lower their losses, and what is saved goes on as what was trained. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "vitest";
import { Decoder } from "../../src/inference/decoder.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { isReplaced, type Model } from "../../src/inference/model.ts";
import { growsWithLength } from "../../src/mixers/index.ts";
import { convertByRecipe } from "../../src/pipeline/conversion.ts";
import { linearize } from "../../src/pipeline/linearize.ts";
import { logits } from "../../src/pipeline/logits.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { loadLinearizeRecipe } from "../../src/pipeline/recipes.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { dataPath, dataTest } from "../data.ts";
import { checkpoint, decoderFolders, furtherFolders, hybridFolders } from "../families/folders.ts";
import { uniform } from "../random.ts";
import { recordingContext } from "./context.ts";

const folder = mkdtempSync(join(tmpdir(), "subquad-families-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Ids that mostly follow a rule, so that a model can learn them. */
function text(tokens: number, seed: number) {
  const next = uniform(seed);
  const ids = new Int32Array(tokens);
  for (let i = 1; i < tokens; i++) ids[i] = next() < 0.1 ? Math.floor(64 * next()) : (3 * (ids[i - 1] ?? 0) + 7) % 64;
  return { ids, mask: undefined };
}

async function continuation(model: Model): Promise<number[]> {
  const engine = createEngine({ threads: 1 });
  const decoder = new Decoder(engine, model);
  const state = decoder.start();
  await decoder.prefill(state, text(40, 9).ids);
  const written: number[] = [];
  for (let step = 0; step < 12; step++) {
    written.push(state.logits.data.indexOf(Math.max(...state.logits.data)));
    await decoder.step(state, written.at(-1) ?? 0);
  }
  await engine.release();
  return written;
}

const budget = { tokens: 960, length: 48, batch: 2 };

/** Few tokens learn fast, and windows are shorter than the text. */
const settings: Readonly<Record<string, readonly string[]>> = {
  lolcats: [
    ...["mixer.window.size=8", "stages.transfer.accumulate=1", "stages.finetune.accumulate=1"],
    ...["stages.finetune.learning_rate=0.01"],
  ],
  hedgehog: ["stages.distill.accumulate=1", "stages.finetune.accumulate=1", "stages.finetune.learning_rate=0.01"],
  "liger-gla": ["mixer.window.size=8", "stages.finetune.accumulate=1", "stages.finetune.learning_rate=0.01"],
};

/** The weights of the branches beside attention, by layer and role. */
const branches = ({ weights }: Model) =>
  weights.layers.flatMap((layer, index) =>
    Object.entries(layer).flatMap(([role, { data }]) =>
      role.startsWith("beside.") ? [[`${index}.${role}`, data] as const] : [],
    ),
  );

describe.each([...decoderFolders, ...hybridFolders, ...furtherFolders])("%s", (name) => {
  const { path, test } = checkpoint(name);
  for (const [recipe, set] of Object.entries(settings)) {
    if (recipe === "hedgehog" && name !== "gpt2") continue;
    test(`converts by ${recipe}, with lower losses, and goes on from its folder alike`, async () => {
      const teacher = await openModel(path());
      const { blocks } = teacher.model.architecture;
      // Where all layers have windows of their own, they are converted because the user says so.
      const local = blocks.every(({ mixer }) => !growsWithLength(mixer));
      const layers = `layers=${local ? "including_local" : "all"}`;
      const conversion = {
        teacher,
        recipe: await loadLinearizeRecipe(recipe, { ...budget, set: [...set, layers] }),
        text: { train: text(4000, 1), heldOut: text(400, 2), texts: [] },
        output: join(folder, `${name}-${recipe}`),
        resume: false,
        threads: 1,
      };
      const { document, model } = await convertByRecipe(conversion, recordingContext().context);
      for (const { name: stage, loss_first, loss_last } of document.stages)
        expect(loss_last, stage).toBeLessThan(loss_first ?? 0);
      // What is local already stays, unless the user says otherwise.
      const replaced = blocks.map(({ mixer }) => local || growsWithLength(mixer));
      expect(blocks.map((_block, layer) => isReplaced(model, layer))).toEqual(replaced);
      const again = (await openModel(conversion.output)).model;
      // What stands beside attention stays, and learns nothing.
      expect(branches(again)).toEqual(branches(teacher.model));
      expect(branches(again).length > 0).toBe(blocks.some(({ beside }) => beside !== undefined));
      expect(await continuation(again)).toEqual(await continuation(model));
    });
  }
});

const chances = [
  ...["stages.finetune.loss.next_token=0", "stages.finetune.loss.logits=1", "stages.finetune.learning_rate=0.001"],
];

dataTest("an encoder converts by hedgehog both ways, and its folder tells the same tokens", async () => {
  const teacher = await openModel(dataPath("families", "bert"));
  const conversion = {
    teacher,
    recipe: await loadLinearizeRecipe("hedgehog", { ...budget, set: [...(settings.hedgehog ?? []), ...chances] }),
    text: { train: text(4000, 1), heldOut: text(400, 2), texts: [] },
    output: join(folder, "bert"),
    resume: false,
    threads: 1,
  };
  const { document, model } = await convertByRecipe(conversion, recordingContext().context);
  for (const { name: stage, loss_first, loss_last } of document.stages)
    expect(loss_last, stage).toBeLessThan(loss_first ?? 0);
  expect(model.mixers.map(({ spec }) => [spec.causal, spec.state?.featureMap.kind])).toEqual([
    [false, "hedgehog"],
    [false, "hedgehog"],
  ]);
  const engine = createEngine({ threads: 1 });
  const { ids } = text(48, 9);
  const own = await new ForwardPass(engine, model).losses(ids);
  const again = await new ForwardPass(engine, (await openModel(conversion.output)).model).losses(ids);
  expect(again).toEqual(own);
  await engine.release();
});

dataTest("an encoder is refused by name where tokens are to be foretold", async () => {
  const model = dataPath("families", "bert");
  const run = logits({ model, ids: [1, 2], top: 2 }, recordingContext().context);
  await expect(run).rejects.toThrow(/bert: is an encoder/);
});

dataTest("a model whose layers all have windows of their own is left alone, with the reason", async () => {
  const [model, output] = [dataPath("families", "mistral"), join(folder, "untouched")];
  const run = linearize({ model, recipe: "lolcats", output }, recordingContext().context);
  await expect(run).rejects.toThrow(/mistral: no layer would be converted: .*layers=including_local/);
  expect(existsSync(output)).toBe(false);
});
