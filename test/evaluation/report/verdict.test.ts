/** What the page says in words, against figures whose meaning is plain. */
import { describe, expect, test } from "vitest";
import type { Evaluation, LengthRow } from "../../../src/evaluation/report/content.ts";
import { bytesAt, crossing } from "../../../src/evaluation/report/state.ts";
import { verdict } from "../../../src/evaluation/report/verdict.ts";
import { fullContent } from "./content.ts";

const row = (length: number, model: number, teacher: number | null, window_only: number | null): LengthRow => ({
  ...{ length, tokens: length - 1, model, teacher, window_only, linear_only: null, neither: null },
  ...{ ratio: teacher === null ? null : model / teacher, beyond_teacher_context: false },
});

const evaluation = (perplexity: LengthRow[], linear_share: number | null = 0.25): Evaluation => ({
  ...{ model: "m", against: "t", perplexity, by_position: [], tasks: [], recall: [] },
  ...{ linear_share, linear_shares: [], layer_errors: [] },
});

describe("the verdict", () => {
  test.each([
    ["As good as its teacher", "good", 9.5],
    ["Close to its teacher", "good", 10.9],
    ["Behind its teacher", "fair", 14],
    ["Far from its teacher", "poor", 16],
  ])("%s", (headline, tone, model) => {
    // The worst length decides.
    const told = verdict(evaluation([row(512, 9, 10, null), row(2048, model, 10, null)]));
    expect(told).toMatchObject({ headline, tone });
  });

  test("tells the ratio at each length, and perplexities where there is none", () => {
    const { sentences } = verdict(
      evaluation([
        row(512, 11, 10, null),
        row(2048, 12, 10, null),
        { ...row(9000, 13, null, null), beyond_teacher_context: true },
      ]),
    );
    expect(sentences[0]).toBe("Its perplexity is 1.1 times its teacher's at 512 tokens and 1.2 times at 2048 tokens.");
    expect(sentences[1]).toBe("Beyond its teacher's context its perplexity is 13 at 9000 tokens.");
  });

  test.each([
    [20, 10, "without the linear part would be 2 times as high"],
    [10.1, 10, "the window alone does nearly as well, 10.1 against 10"],
    [8, 10, "the window alone does better, 8 against 10: the linear part does harm"],
  ])("says what the linear part is good for: window %d, model %d", (window, model, words) => {
    expect(verdict(evaluation([row(512, model, 10, window)])).sentences.join(" ")).toContain(words);
  });

  test("says nothing of a linear part beside which there is no window", () => {
    const { sentences } = verdict(evaluation([row(512, 10, 10, 900)], null));
    expect(sentences.join(" ")).not.toMatch(/linear|window/);
  });

  test("tells what tasks keep, each task once, where it has a margin", () => {
    const { sentences } = verdict({ ...evaluation([]), tasks: fullContent.evaluation.tasks });
    // (0.262 / 0.298 + 0.4043 / 0.4371) / 2
    expect(sentences).toContain(
      "It keeps 90.2 % of its teacher's margin over chance, in the mean over 2 scores of tasks.",
    );
  });
});

describe("the length from which on a state is smaller", () => {
  test.each([
    [
      { per_sequence: 1000, per_token: 0 },
      { per_sequence: 0, per_token: 10 },
    ],
    [
      { per_sequence: 1001, per_token: 3 },
      { per_sequence: 7, per_token: 10 },
    ],
    [
      { per_sequence: 5, per_token: 1 },
      { per_sequence: 9, per_token: 2 },
    ],
  ])("is the first at which it is: %o, %o", (model, softmax) => {
    let tokens = 1;
    while (bytesAt(model, tokens) > bytesAt(softmax, tokens)) tokens++;
    expect(crossing(model, softmax)).toBe(tokens);
  });

  test("is none for a state that grows as fast", () => {
    const size = { per_sequence: 0, per_token: 10 };
    expect(crossing(size, size)).toBeUndefined();
  });
});
