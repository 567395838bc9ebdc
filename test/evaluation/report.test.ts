/** The report page: whole, self-contained, and safe with hostile names. */
import { expect, test } from "vitest";
import { reportPage } from "../../src/evaluation/report.ts";

const row = {
  tokens: 511,
  model: 27.7,
  teacher: 26.4,
  ratio: 1.05,
  window_only: 60.5,
  linear_only: null,
  neither: 9e4,
};

const task = { group: null, metric: "acc", n: 500, chance: 0.25, stderr: 0.0221, neither: null };

test("shows tasks with what is kept of the teacher's margin, parts of a task below, and no perplexity that was left out", () => {
  const scores = { model: 0.4125, teacher: 0.475, window_only: 0.4, linear_only: null, margin_kept: 0.7222 };
  const page = reportPage({
    ...{ model: "m", against: "t", perplexity: [], by_position: [], recall: [], linear_share: null },
    tasks: [
      { ...task, ...scores, name: "mmlu" },
      { ...task, ...scores, name: "mmlu_<law>", group: "mmlu", model: 0.3125, margin_kept: null },
    ],
  });
  for (const figure of ["0.4125", "0.475", "72.2 %", "0.0221", "500"]) expect(page).toContain(`<td>${figure}</td>`);
  const [whole = "", parts = ""] = page.split("<details>");
  expect(whole).not.toContain("0.3125");
  expect(parts).toContain("mmlu_&lt;law>");
  expect(page).not.toMatch(/Perplexity|NaN|undefined/);
});

const figures = { model: 1, teacher: 2, window_only: 3, linear_only: null, neither: null };

test("shows every figure, leaves out what was not measured, and loads nothing", () => {
  const page = reportPage({
    model: "<b>m</b>",
    against: "t",
    perplexity: [
      { length: 512, ...row },
      { length: 2048, ...row, model: 49.5 },
    ],
    by_position: [
      { from: 1, to: 16, ...figures, model: 120.5 },
      { from: 16, to: 512, ...figures, model: 30.5 },
    ],
    tasks: [],
    recall: [
      {
        ...{ name: "mqar", length: 2048, depth: null, examples: null, metric: "exact_match" },
        ...figures,
        distance: { from: 256, to: 512 },
        model: 0.875,
      },
    ],
    linear_share: 0.25,
  });
  for (const figure of ["27.7", "26.4", "1.05", "60.5", "49.5", "25.0 %", "0.875", "256 to 511 tokens back"])
    expect(page).toContain(figure);
  expect(page).not.toContain("linear only</text>");
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect(page).not.toContain("<b>");
  expect(page).not.toMatch(/(src|href)=|https?:/);
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
});
