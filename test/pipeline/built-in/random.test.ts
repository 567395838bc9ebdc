import { expect, test } from "vitest";
import { Random } from "../../../src/pipeline/built-in/random.ts";

test("the same seed and stream draw the same numbers, others draw others", () => {
  const draw = (seed: number, stream?: number) => {
    const random = new Random(seed, stream);
    return Array.from({ length: 8 }, () => random.bits());
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  expect(draw(5, 0)).not.toEqual(draw(5, 1));
});

test("whole numbers reach both ends and each about equally often", () => {
  const random = new Random(11);
  const counts = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    const drawn = random.integer(3, 12);
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  // Six standard deviations of a binomial count around 2000.
  for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(255);
});

test("a shuffled list keeps its members and changes their order", () => {
  const list = Array.from({ length: 50 }, (_unused, i) => i);
  const shuffled = new Random(2).shuffled(list);
  expect(shuffled).not.toEqual(list);
  expect([...shuffled].sort((a, b) => a - b)).toEqual(list);
});

test("an empty list has nothing to pick", () => {
  expect(() => new Random(1).pick([])).toThrow(RangeError);
});
