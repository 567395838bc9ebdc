/** Parts of fused tensors: cut as published code slices them, and put together again to the same bits. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { cutApart, lying, putTogether, transposedMatrix, wholeShape } from "../../src/model/fused.ts";

const shapes = [
  [8, 3],
  [4, 3],
  [4, 3],
];

/** Row r of a matrix holds r, r, r. */
const rows = (order: readonly number[]) => Float32Array.from(order.flatMap((row) => [row, row, row]));
const firsts = (data: Float32Array) => [...data].filter((_x, index) => index % 3 === 0);

test("whole parts stand one below the other, and are views", () => {
  const data = rows(Array.from({ length: 16 }, (_unused, row) => row));
  const parts = cutApart(data, { rows: [8, 4, 4], turns: 1 });
  expect(parts.map(firsts)).toEqual([
    [0, 1, 2, 3, 4, 5, 6, 7],
    [8, 9, 10, 11],
    [12, 13, 14, 15],
  ]);
  expect(parts.every((part) => part.buffer === data.buffer)).toBe(true);
});

test("parts of groups take turns: two query heads, a key head and a value head for each of two groups", () => {
  const data = rows(Array.from({ length: 16 }, (_unused, row) => row));
  const parts = cutApart(data, { rows: [8, 4, 4], turns: 2 });
  expect(parts.map(firsts)).toEqual([
    [0, 1, 2, 3, 8, 9, 10, 11],
    [4, 5, 12, 13],
    [6, 7, 14, 15],
  ]);
});

test("what was cut apart is put together again", () => {
  const sizes = fc.record({ groups: fc.integer({ min: 1, max: 4 }), shared: fc.integer({ min: 1, max: 3 }) });
  fc.assert(
    fc.property(sizes, fc.constantFrom("whole" as const, "groups" as const), ({ groups, shared }, parts) => {
      const own = [groups * shared * 2, groups * 2, groups * 2].map((count) => [count, 3]);
      const data = Float32Array.from({ length: own.reduce((sum, [count = 0]) => sum + 3 * count, 0) }, (_x, i) => i);
      const plan = { rows: own.map(([rows = 0]) => rows), turns: parts === "whole" ? 1 : groups };
      expect(putTogether(cutApart(data, plan), plan)).toEqual(data);
    }),
  );
});

test("a matrix that lies the other way round turns, and filters of channels have an axis more", () => {
  expect(wholeShape(shapes)).toEqual([16, 3]);
  expect(transposedMatrix(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
  const turned = lying([2, 3], "transposed");
  const data = Float32Array.of(1, 4, 2, 5, 3, 6);
  expect(turned.shape).toEqual([3, 2]);
  expect(turned.read(data)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  expect(turned.write(turned.read(data))).toEqual(data);
  expect(lying([2, 8, 4], "channels").shape).toEqual([16, 1, 4]);
});
