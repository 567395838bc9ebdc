import { expect, test } from "vitest";
import { factPassage, type PassageOptions } from "../../../src/pipeline/built-in/facts.ts";
import { Random } from "../../../src/pipeline/built-in/random.ts";
import type { Share } from "../../../src/pipeline/built-in/words.ts";

const filler = Array.from(
  { length: 60 },
  (_unused, i) => `The ${"quiet ".repeat(1 + (i % 7))}sea lay around the ship.`,
);
const options: PassageOptions = { bytes: 767, episodeBytes: 767, share: "training", rollShare: 0.1 };
const passages = (count: number, changes: Partial<PassageOptions> = {}) => {
  const random = new Random(4);
  return Array.from({ length: count }, () => factPassage(random, filler, { ...options, ...changes }));
};

test("the same seed writes the same passages", () => {
  expect(passages(5)).toEqual(passages(5));
});

test("every passage has exactly the bytes asked for, whatever the episodes' size", () => {
  for (const bytes of [127, 255, 1023]) {
    for (const { text } of passages(20, { bytes, episodeBytes: bytes })) expect(text).toHaveLength(bytes);
    for (const { text } of passages(20, { bytes, episodeBytes: 128 })) expect(text).toHaveLength(bytes);
  }
});

test("every recall's answer stands where it says, and stood so many bytes before", () => {
  let recalls = 0;
  for (const passage of passages(100)) {
    for (const { at, answer, gap, mentions } of passage.recalls) {
      recalls++;
      expect(passage.text.slice(at, at + answer.length)).toBe(answer);
      expect(passage.text.slice(at - gap - answer.length, at - gap)).toBe(answer);
      expect(mentions).toBeGreaterThan(0);
      expect(gap).toBeGreaterThan(0);
    }
  }
  expect(recalls).toBeGreaterThan(300);
});

test("gaps reach from nearby to most of the passage, and short episodes keep them short", () => {
  const gaps = (episodeBytes: number) =>
    passages(200, { episodeBytes }).flatMap(({ recalls }) => recalls.map(({ gap }) => gap));
  const long = gaps(767);
  expect(long.some((gap) => gap < 128)).toBe(true);
  expect(long.filter((gap) => gap > 256).length / long.length).toBeGreaterThan(0.4);
  expect(long.some((gap) => gap > 500)).toBe(true);
  expect(Math.max(...gaps(128))).toBeLessThan(256);
});

test("no subject of the held-out share is ever written in training", () => {
  const subjects = (share: Share) => {
    const texts = passages(400, { share }).map(({ text }) => text);
    const found = texts.flatMap((text) =>
      [...text.matchAll(/(?:room at|was marked|the wagon|password was) (\w+)-/g)].map((match) => match[1]),
    );
    return new Set(found);
  };
  const training = subjects("training");
  const heldOut = subjects("held-out");
  expect(training.size).toBeGreaterThan(100);
  expect(heldOut.size).toBeGreaterThan(50);
  for (const subject of heldOut) expect(training.has(subject)).toBe(false);
});
