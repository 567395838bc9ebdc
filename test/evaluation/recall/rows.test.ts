/** Sums over answers, counted by hand. */
import { expect, test } from "vitest";
import { type ProbeScore, recallFigures, relativeError } from "../../../src/evaluation/recall/rows.ts";

function score(answer: Partial<ProbeScore["answer"]>, given: Partial<ProbeScore>): ProbeScore {
  return {
    answer: { start: 9, length: 1, distance: 0, ...answer },
    exact: false,
    logProbability: -1,
    margin: null,
    relativeError: null,
    guessError: null,
    ...given,
  };
}

const none = { distance: null, depth: null, examples: null, baseline: null };

test("all answers first, then distances in ranges that double", () => {
  const figures = recallFigures([
    score({ distance: 70 }, { exact: true, logProbability: -2, margin: 3 }),
    score({ distance: 5 }, { exact: true, logProbability: -1 }),
    score({ distance: 127 }, { exact: false, logProbability: -6, margin: 1 }),
  ]);
  const [near, far] = [
    { from: 4, to: 8 },
    { from: 64, to: 128 },
  ];
  expect(figures).toEqual([
    { ...none, metric: "exact_match", n: 3, value: 2 / 3 },
    { ...none, metric: "log_probability", n: 3, value: -3 },
    { ...none, metric: "margin", n: 2, value: 2 },
    { ...none, distance: near, metric: "exact_match", n: 1, value: 1 },
    { ...none, distance: near, metric: "log_probability", n: 1, value: -1 },
    { ...none, distance: far, metric: "exact_match", n: 2, value: 0.5 },
    { ...none, distance: far, metric: "log_probability", n: 2, value: -4 },
    { ...none, distance: far, metric: "margin", n: 2, value: 2 },
  ]);
});

test("by depth, and by the number of examples with the error of a guess", () => {
  const depths = recallFigures([score({ distance: 70, depth: 0.9 }, {}), score({ distance: 300, depth: 0.1 }, {})]);
  expect(depths.map(({ depth, metric }) => `${depth} ${metric}`).slice(2)).toEqual([
    "0.1 exact_match",
    "0.1 log_probability",
    "0.9 exact_match",
    "0.9 log_probability",
  ]);
  const learned = recallFigures([
    score({ examples: 0 }, { relativeError: 1, guessError: 1 }),
    score({ examples: 5 }, { relativeError: 0.25, guessError: 0.5 }),
    score({ examples: 7 }, { relativeError: 0.75, guessError: 0.25 }),
  ]).filter(({ metric, examples }) => metric === "relative_error" && examples !== null);
  expect(learned).toEqual([
    { ...none, examples: { from: 0, to: 1 }, metric: "relative_error", n: 1, value: 1, baseline: 1 },
    { ...none, examples: { from: 4, to: 8 }, metric: "relative_error", n: 2, value: 0.5, baseline: 0.375 },
  ]);
});

test("an error is relative, at most 1, and 1 for what is no number", () => {
  expect(relativeError(90, 100)).toBeCloseTo(0.1, 12);
  expect(relativeError(5000, 100)).toBe(1);
  expect(relativeError(Number.NaN, 100)).toBe(1);
  expect(relativeError(100, 100)).toBe(0);
});
