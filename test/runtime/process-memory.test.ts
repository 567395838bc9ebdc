import { expect, test } from "vitest";
import { withMemory } from "../../src/runtime/index.ts";

const size = 384 * 2 ** 20;

test("memory that work takes is counted, from where it began", async () => {
  const taken = await withMemory(async () => new Uint8Array(size).fill(1).length);
  const nothing = await withMemory(async () => size);
  expect([taken.result, nothing.result]).toEqual([size, size]);
  // Only Linux tells.
  if (process.platform !== "linux") return;
  expect(taken.bytes).toBeGreaterThan(0.8 * size);
  expect(nothing.bytes).toBeLessThan(size / 2);
});
