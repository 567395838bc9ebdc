/** The perplexity protocol, counted by hand. */
import { expect, test } from "vitest";
import { perplexity } from "../../src/evaluation/perplexity.ts";
import type { ForwardPass } from "../../src/inference/forward.ts";

/** A forward pass whose loss for each token is its id. */
const counting = { losses: async (ids: number[]) => Float32Array.from(ids.slice(1)) } as unknown as ForwardPass;

test("windows do not overlap, score tokens 2 to length, and drop a partial end", async () => {
  const seen: number[] = [];
  const ids = [9, 1, 2, 9, 3, 4, 9, 5];
  const result = await perplexity(counting, ids, {
    length: 3,
    maxTokens: 100,
    progress: (tokens) => seen.push(tokens),
  });
  expect(result.windows).toEqual([1.5, 3.5]);
  expect(result.tokens).toBe(4);
  expect(result.perplexity).toBeCloseTo(Math.exp(2.5), 12);
  expect(seen).toEqual([3, 6]);
});

test("only the first tokens are used", async () => {
  expect((await perplexity(counting, [9, 1, 9, 2], { length: 2, maxTokens: 3 })).windows).toEqual([1]);
});

test("a text shorter than a window is refused", async () => {
  await expect(perplexity(counting, [1], { length: 2, maxTokens: 10 })).rejects.toThrow("do not fill one window");
});
