/** Probes: the same from the same seed, of the wanted length, and with every answer where it is said to be. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keyValues } from "../../../src/evaluation/recall/key-values.ts";
import { mqar } from "../../../src/evaluation/recall/mqar.ts";
import { needleProbe } from "../../../src/evaluation/recall/needle.ts";
import { phoneBook } from "../../../src/evaluation/recall/phone-book.ts";
import type { RecallProbe } from "../../../src/evaluation/recall/probe.ts";
import { regressionProbe } from "../../../src/evaluation/recall/regression.ts";
import { loadTokenizer } from "../../../src/formats/tokenizer/files.ts";
import type { Tokenizer } from "../../../src/formats/tokenizer/tokenizer.ts";
import { packageRoot } from "../../../src/package-root.ts";
import { dataPath, dataTest } from "../../data.ts";

const bytes = await loadTokenizer(join(packageRoot(), "assets", "tiny"));

const hay = "It was a fine day. The sea was calm, and nobody spoke. Then a bell rang! Who was it? ";

function needle(reader: Tokenizer): RecallProbe {
  return needleProbe(reader.encode(hay.repeat(40)));
}

/** Every answer says again, token by token, what stands `distance` before it. */
function expectTold(probe: RecallProbe, reader: Tokenizer, length: number): void {
  const { ids, answers } = probe.build(reader, length, 3);
  expect(ids.length).toBeLessThanOrEqual(length);
  expect(ids.length).toBeGreaterThan(0.85 * length);
  expect(answers.length).toBeGreaterThan(4);
  const places = answers.map(({ start }) => start);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  for (const { start, length: size, distance, contrast } of answers) {
    const answer = ids.slice(start, start + size);
    expect(distance).toBeGreaterThan(0);
    expect(ids.slice(start - distance, start - distance + size)).toEqual(answer);
    // The token before is the end of the key, in both places.
    expect(ids[start - 1]).toBe(ids[start - distance - 1]);
    if (contrast !== undefined) {
      expect(contrast).toHaveLength(size);
      expect(contrast).not.toEqual(answer);
    }
  }
  expect(answers.filter(({ contrast }) => contrast !== undefined).length).toBeGreaterThan(0.8 * answers.length);
}

function expectReproducible(probe: RecallProbe, reader: Tokenizer, length: number): void {
  expect(probe.build(reader, length, 5)).toEqual(probe.build(reader, length, 5));
  expect(probe.build(reader, length, 5).ids).not.toEqual(probe.build(reader, length, 6).ids);
}

const named: readonly [string, (reader: Tokenizer) => RecallProbe][] = [
  ["mqar", () => mqar],
  ["phone-book", () => phoneBook],
  ["key-values", () => keyValues],
  ["needle", needle],
];

describe.each(named)("%s", (name, make) => {
  test("in bytes", () => {
    const probe = make(bytes);
    expect(probe.name).toBe(name);
    for (const length of [512, 2048]) {
      expectTold(probe, bytes, length);
      expectReproducible(probe, bytes, length);
    }
  });

  dataTest("in words", async () => {
    const reader = await loadTokenizer(dataPath("smollm2"));
    const probe = make(reader);
    for (const length of [512, 8192]) expectTold(probe, reader, length);
    expectReproducible(probe, reader, 512);
  });

  test("too little room is an error that says so", () => {
    expect(() => make(bytes).build(bytes, 4, 0)).toThrow(`${name}: 4 tokens have no room`);
  });
});

/** The lines of a probe's text, up to the first that matches `until`. */
function linesOf(probe: RecallProbe, length: number): string[] {
  return bytes
    .decode(probe.build(bytes, length, 1).ids)
    .trimEnd()
    .split("\n");
}

test("a key is told once and asked once, with its value, in lines of pairs", () => {
  for (const [probe, pattern] of [
    [mqar, /^([A-Za-z]+)-([A-Za-z])$/],
    [keyValues, /^([A-Z]+)-(\d{4})$/],
  ] as const) {
    const { answers } = probe.build(bytes, 1500, 1);
    const told = new Map<string, { value: string; times: number }>();
    for (const line of linesOf(probe, 1500)) {
      const [, key = "", value = ""] = pattern.exec(line) ?? [];
      expect(key, line).not.toBe("");
      const known = told.get(key) ?? { value, times: 0 };
      expect(value).toBe(known.value);
      told.set(key, { value, times: known.times + 1 });
    }
    const times = [...told.values()].map(({ times: count }) => count);
    expect(Math.max(...times)).toBe(2);
    expect(times.filter((count) => count === 2)).toHaveLength(answers.length);
    // Distances of every size, short and long.
    expect(Math.min(...answers.map(({ distance }) => distance))).toBeLessThan(16);
    expect(Math.max(...answers.map(({ distance }) => distance))).toBeGreaterThan(512);
  }
});

test("the phone book asks for names all over it", () => {
  const lines = linesOf(phoneBook, 1500);
  const middle = lines.indexOf("Asked again");
  const [book, asked] = [lines.slice(1, middle), lines.slice(middle + 1)];
  expect(lines[0]).toBe("Phone book");
  expect(asked).toHaveLength(8);
  for (const line of [...book, ...asked]) expect(line).toMatch(/^[A-Z][a-z]{3} [A-Z][a-z]{5}: \d{4}$/);
  expect(new Set(book.map((line) => line.split(":")[0])).size).toBe(book.length);
  const places = asked.map((line) => book.indexOf(line) / book.length).sort((a, b) => a - b);
  for (const [index, place] of places.entries()) expect(place).toBeCloseTo((index + 0.5) / 8, 1);
});

test("needles lie at even depths of the haystack, whose text is whole around them", () => {
  const { ids, answers } = needle(bytes).build(bytes, 2000, 1);
  const text = bytes.decode(ids);
  const sentences = [...text.matchAll(/The secret number of [A-Z][a-z]{5} is \d{4}\.\n/g)];
  expect(sentences).toHaveLength(10);
  const rest = sentences.reduce((left, [sentence]) => left.replace(`\n${sentence}`, "").replace(sentence, ""), text);
  expect(hay.repeat(40)).toContain(rest.replaceAll("\n", "").slice(0, 1000));
  expect(answers.map(({ depth }) => depth).sort()).toEqual([0.1, 0.3, 0.5, 0.7, 0.9]);
  for (const { depth = 0, start, distance } of answers) {
    expect(Math.abs((start - distance) / (ids.length - 200) - depth)).toBeLessThan(0.06);
  }
});

test("the haystack is without control tokens, and is measured at multiples of a training length", () => {
  const separator = bytes.documentSeparator ?? -1;
  const probe = needleProbe([...bytes.encode(hay), separator, ...bytes.encode(hay)], 100);
  expect(probe.build(bytes, 1000, 0).ids).not.toContain(separator);
  expect(probe.lengths?.([512])).toEqual([100, 200, 400, 800, 1600, 3200]);
});

test.each([1, 2] as const)("regression of %i dimensions is exact, and every y is asked", (dimensions) => {
  const probe = regressionProbe(dimensions);
  const { ids, answers } = probe.build(bytes, 700, 2);
  expectReproducible(probe, bytes, 700);
  const examples = bytes
    .decode(ids)
    .trimEnd()
    .split("\n")
    .map((line) => line.split("->").map((side) => side.trim().split(" ").map(Number)));
  expect(answers).toHaveLength(examples.length);
  const points = examples.map(([x = [], y = []]) => ({ x, y: y[0] ?? Number.NaN }));
  expect(new Set(points.map(({ x }) => x.join())).size).toBe(points.length);
  // The weights from the normal equations of all points, which they must meet without any error.
  const dot = (f: (point: (typeof points)[number]) => number) => points.reduce((sum, point) => sum + f(point), 0);
  const at = (x: readonly number[], axis: number) => x[axis] ?? 0;
  const [a, b, c] = [dot(({ x }) => at(x, 0) ** 2), dot(({ x }) => at(x, 0) * at(x, 1)), dot(({ x }) => at(x, 1) ** 2)];
  const [p, q] = [dot(({ x, y }) => at(x, 0) * y), dot(({ x, y }) => at(x, 1) * y)];
  const weights =
    dimensions === 1 ? [p / a, 0] : [(p * c - q * b) / (a * c - b * b), (q * a - p * b) / (a * c - b * b)];
  for (const { x, y } of points) expect(at(x, 0) * at(weights, 0) + at(x, 1) * at(weights, 1)).toBeCloseTo(y, 8);
  for (const [index, { start, length, examples: count, number, guess }] of answers.entries()) {
    expect(bytes.decode(ids.slice(start, start + length)).trim()).toBe(String(points[index]?.y));
    expect(count).toBe(index);
    // 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, …: numbers are written for four of each range.
    expect(number === undefined).toBe(
      (index > 8 && index % 2 > 0) || (index > 16 && index % 4 > 0) || (index > 32 && index % 8 > 0),
    );
    if (number === undefined) continue;
    expect(number).toBe(points[index]?.y);
    const before = points.slice(0, index).map(({ y }) => y);
    expect(guess).toBeCloseTo(before.reduce((sum, y) => sum + y, 0) / Math.max(1, index), 10);
  }
  expect(probe.lengths?.([512, 8192])).toEqual([768]);
});
