import { expect, test } from "vitest";
import type { Books } from "../../../src/pipeline/built-in/corpus.ts";
import { recallTest, scoreRecall } from "../../../src/pipeline/built-in/recall.ts";

const sentences = Array.from(
  { length: 60 },
  (_unused, i) => `The ${"quiet ".repeat(1 + (i % 7))}sea lay around the ship.`,
);
const books: Books = { texts: [sentences.join(" ")], filler: [sentences] };
const options = { prompts: 60, bytes: 767, leastGap: 256, seed: 9 };

test("every answer was told exactly once, farther back than the least gap", () => {
  const prompts = recallTest(books, options);
  expect(prompts).toHaveLength(60);
  for (const { prompt, answer, gap } of prompts) {
    const first = prompt.indexOf(answer);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(prompt.lastIndexOf(answer)).toBe(first);
    expect(prompt.length - (first + answer.length)).toBe(gap);
    expect(gap).toBeGreaterThan(256);
    expect(prompt.length + answer.length).toBeLessThanOrEqual(767);
  }
});

test("the same seed asks the same questions, another seed others", () => {
  expect(recallTest(books, options)).toEqual(recallTest(books, options));
  expect(recallTest(books, { ...options, seed: 10 })).not.toEqual(recallTest(books, options));
});

test("a gap that no passage can hold is named", () => {
  expect(() => recallTest(books, { ...options, prompts: 2, bytes: 300, leastGap: 299 })).toThrow(
    /no facts more than 299/,
  );
});

test("a continuation counts when it begins with the answer", () => {
  const prompts = recallTest(books, { ...options, prompts: 4 });
  const right = prompts.map(({ answer }) => `${answer}. And so on`);
  expect(scoreRecall(prompts, right)).toBe(1);
  expect(scoreRecall(prompts, [right[0] ?? "", "no", "", `x${right[3]}`])).toBe(0.25);
  expect(() => scoreRecall(prompts, ["one"])).toThrow(/4 prompts and 1 continuations/);
});
