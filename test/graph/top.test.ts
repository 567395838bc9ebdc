/** Places of the largest elements where some are equal. */
import { expect, test } from "vitest";
import * as g from "../../src/graph/index.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { interpret, reference } from "../../src/runtime/reference/interpret.ts";

test.each([3, 40])("of equal elements the first are found first, in rows of 4 × %i", async (repeats) => {
  const row = [1, 3, -2, 3];
  const numbers = Array.from({ length: 2 * repeats }, () => row).flat();
  const shape = [2, 4 * repeats];
  const program = g.program({ places: g.topIndices(g.input("x", shape), 2 * repeats + 1) });
  const threes = Array.from({ length: 2 * repeats }, (_unused, index) => 2 * index + 1);
  const expected = [...threes, 0, ...threes, 0];
  expect([...interpret(program, { x: reference(shape, numbers) }).places.data]).toEqual(expected);
  const engine = createEngine({ threads: 2 });
  const { places } = await (await engine.compile(program)).run({ x: floats(shape, Float32Array.from(numbers)) });
  expect([...places.data].map(Number)).toEqual(expected);
  await engine.release();
});
