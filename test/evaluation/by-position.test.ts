/** Spans of places, and perplexity over them, counted by hand. */
import { expect, test } from "vitest";
import { positionSpans, spanPerplexity } from "../../src/evaluation/by-position.ts";
import { perplexity } from "../../src/evaluation/perplexity.ts";
import type { ForwardPass } from "../../src/inference/forward.ts";

test("spans double, hold every scored place once, and end with the window", () => {
  expect(positionSpans(100)).toEqual([
    { from: 1, to: 16 },
    { from: 16, to: 32 },
    { from: 32, to: 64 },
    { from: 64, to: 100 },
  ]);
  expect(positionSpans(64).at(-1)).toEqual({ from: 32, to: 64 });
  expect(positionSpans(5)).toEqual([{ from: 1, to: 5 }]);
});

test("losses are averaged over windows at each place, then over the span", async () => {
  // A forward pass whose loss for each token is its id: windows [9, 1, 2, 3] and [9, 3, 4, 8].
  const counting = { losses: async (ids: number[]) => Float32Array.from(ids.slice(1)) } as unknown as ForwardPass;
  const { places, perplexity: whole } = await perplexity(counting, [9, 1, 2, 3, 9, 3, 4, 8], {
    length: 4,
    maxTokens: 8,
  });
  expect([...places]).toEqual([2, 3, 5.5]);
  expect(spanPerplexity(places, { from: 2, to: 4 })).toBeCloseTo(Math.exp(4.25), 10);
  expect(spanPerplexity(places, { from: 1, to: 4 })).toBeCloseTo(whole, 10);
});
