/** Reordered rows of queries and keys give the scores that a checkpoint's own pairs give. */
import { expect, test } from "vitest";
import { inverseRows, type RotaryLayout, rotaryRows } from "../../src/families/rope/rows.ts";
import { normals } from "../random.ts";

const theta = 100;

/** A head's rows turned in a file's own pairs. */
function turned(x: readonly number[], position: number, rotated: number, layout: RotaryLayout): number[] {
  const result = [...x];
  for (let pair = 0; pair < rotated / 2; pair++) {
    const [a, b] = layout === "half" ? [pair, pair + rotated / 2] : [2 * pair, 2 * pair + 1];
    const angle = position * theta ** ((-2 * pair) / rotated);
    const [left, right] = [x[a] ?? 0, x[b] ?? 0];
    result[a] = left * Math.cos(angle) - right * Math.sin(angle);
    result[b] = right * Math.cos(angle) + left * Math.sin(angle);
  }
  return result;
}

/** Rows turned half a head apart, with frequencies of zero beyond the rotated pairs. */
function turnedHalfApart(x: readonly number[], position: number, rotated: number): number[] {
  const half = x.length / 2;
  return x.map((value, index) => {
    const pair = index % half;
    const angle = 2 * pair < rotated ? position * theta ** ((-2 * pair) / rotated) : 0;
    const other = x[index < half ? index + half : index - half] ?? 0;
    return value * Math.cos(angle) + (index < half ? -other : other) * Math.sin(angle);
  });
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, index) => sum + x * (b[index] ?? 0), 0);

test.each<[number, number, RotaryLayout]>([
  [8, 8, "half"],
  [8, 4, "half"],
  [8, 2, "half"],
  [16, 4, "half"],
  [8, 8, "adjacent"],
  [8, 4, "adjacent"],
  [16, 6, "adjacent"],
])("heads of %i with %i rotated, %s", (dim, rotated, layout) => {
  const [q, k] = [[...normals(dim, 1)], [...normals(dim, 2)]];
  const rows = rotaryRows(dim, rotated, layout);
  expect(rows === undefined).toBe(dim === rotated && layout === "half");
  const own = rows ?? q.map((_value, index) => index);
  expect(own.toSorted((a, b) => a - b)).toEqual(q.map((_value, index) => index));
  const reordered = (x: readonly number[]) => own.map((row) => x[row] ?? 0);
  const expected = dot(turned(q, 9, rotated, layout), turned(k, 4, rotated, layout));
  const actual = dot(turnedHalfApart(reordered(q), 9, rotated), turnedHalfApart(reordered(k), 4, rotated));
  expect(actual).toBeCloseTo(expected, 12);
  const back = inverseRows(own);
  expect(back.map((index) => reordered(q)[index])).toEqual(q);
});
