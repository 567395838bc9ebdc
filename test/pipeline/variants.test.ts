/** Recipes whose layers differ. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inspect } from "../../src/pipeline/inspect.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { loadLinearizeRecipe } from "../../src/pipeline/recipes.ts";
import { convert } from "../../src/pipeline/student.ts";
import { recordingContext } from "./context.ts";
import { type SmallTeacher, smallTeacher } from "./small-teacher.ts";

let small: SmallTeacher;

beforeAll(async () => {
  small = await smallTeacher();
});

afterAll(() => small.remove());

function recipe(variants: string): string {
  const path = join(small.folder, "mine.yaml");
  writeFileSync(path, `name: mine\npreset: subquad\nmixer: {window: {size: 8}}\nvariants: ${variants}\n`);
  return path;
}

test("each layer has the mixer of its variant, and states of that size", async () => {
  const { context } = recordingContext();
  const { model } = await openModel(small.teacher, { reporter: context.reporter });
  const loaded = await loadLinearizeRecipe(
    recipe("[{layers: [1], mixer: {window: {size: 32}}}, {layers: [2], mixer: {state: null, mix: null}}]"),
  );
  const { mixers } = convert(model, loaded);
  expect(mixers.map(({ spec }) => spec.window)).toMatchObject([{ size: 8 }, { size: 32 }, { size: 8 }]);
  expect(mixers.map(({ spec }) => spec.state === undefined)).toEqual([false, false, true]);
  const document = await inspect(
    {
      model: small.teacher,
      recipe: recipe("[{layers: [1], mixer: {window: {size: 32}}}]"),
      length: undefined,
      batch: undefined,
    } as never,
    context,
  );
  const plain = await inspect({ model: small.teacher, recipe: recipe("[]") } as never, context);
  // 24 more keys and values of two groups of 8 dimensions, a byte each, with their units and what they are worth.
  expect(document.state_bytes_per_sequence - plain.state_bytes_per_sequence).toBe(24 * 2 * (2 * (8 + 4) + 4));
});

test("a variant that does not fit is refused by its place", async () => {
  await expect(loadLinearizeRecipe(recipe("[{layers: [0], mixer: {window: {size: 0}}}]"))).rejects.toThrow(
    /variants\.0\.mixer\.window\.size/,
  );
  const { context } = recordingContext();
  const { model } = await openModel(small.teacher, { reporter: context.reporter });
  const loaded = await loadLinearizeRecipe(recipe("[{layers: [3], mixer: {}}]"));
  expect(() => convert(model, loaded)).toThrow("variants.0: names layer 3, and the model has layers 0 to 2");
});
