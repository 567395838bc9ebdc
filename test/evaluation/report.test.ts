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

test("shows every figure, leaves out what was not measured, and loads nothing", () => {
  const page = reportPage({
    model: "<b>m</b>",
    against: "t",
    perplexity: [
      { length: 512, ...row },
      { length: 2048, ...row, model: 49.5 },
    ],
    linear_share: 0.25,
  });
  for (const figure of ["27.7", "26.4", "1.05", "60.5", "49.5", "25.0 %"]) expect(page).toContain(figure);
  expect(page).not.toContain("linear only</text>");
  expect(page).not.toContain("<b>");
  expect(page).not.toMatch(/(src|href)=|https?:/);
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
});
