/** Small plots: everything at its place. */
import { describe, expect, test } from "vitest";
import { barPanel } from "../../../src/evaluation/plot/bar-panel.ts";
import { columnPanel } from "../../../src/evaluation/plot/column-panel.ts";
import { intervalPanel } from "../../../src/evaluation/plot/interval-panel.ts";
import { linePanel } from "../../../src/evaluation/plot/line-panel.ts";
import { linearScale, roundNumbers } from "../../../src/evaluation/plot/linear-scale.ts";
import { logScale } from "../../../src/evaluation/plot/log-scale.ts";

/** The numbers of an attribute, in the order of the elements that have it. */
const numbers = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].map(([, value]) => Number(value));

describe("a linear axis", () => {
  test("has its ends at the ends, and equal steps for equal differences", () => {
    expect([0, 5, 20].map(linearScale([20, 0], 100, 200).at)).toEqual([100, 125, 200]);
  });

  test.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0.07, 0.33, [0.1, 0.2, 0.3]],
    [-3, 42, [0, 10, 20, 30, 40]],
    [1990, 2010, [1990, 1995, 2000, 2005, 2010]],
  ])("marks round numbers from %d to %d", (low, high, marks) => {
    expect(roundNumbers(low, high)).toEqual(marks);
  });

  test.each([0, 5, -5])("has a place for a single number, %d", (value) => {
    const { at, ticks } = linearScale([value], 0, 10);
    expect(at(value)).toBeCloseTo(5, 12);
    expect(ticks.length).toBeGreaterThan(1);
  });

  test("takes the place of powers on a logarithmic axis that holds few", () => {
    expect(logScale([3.4, 4.8], 0, 1).ticks).toEqual([3.5, 4, 4.5]);
  });
});

const x = { label: "tokens", log: true, text: String };
const y = { label: "loss", log: false, includes: [0], text: String };
const points = [
  { x: 1, y: 0 },
  { x: 10, y: 50 },
  { x: 100, y: 100 },
];

describe("lines", () => {
  const svg = linePanel({
    ...{ label: "a & b", x, y },
    lines: [
      { name: "teacher", colour: undefined, points },
      { name: "<model>", colour: 2, thin: true, points: points.slice(0, 2) },
      { name: "absent", colour: 1, points: [] },
    ],
    mark: { x: 10, text: "here" },
  });
  const shape = (style: string) =>
    new RegExp(`line ${style}" points="([^"]*)"`).exec(svg)?.[1]?.split(/[ ,]/).map(Number) ?? [];

  test("have equal steps for equal factors across and for equal differences up", () => {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0] = shape("reference");
    expect(x1 - x0).toBeCloseTo(x2 - x1, 0);
    expect(y1 - y0).toBeCloseTo(y2 - y1, 0);
    expect(y2).toBeLessThan(y0);
    expect(shape("colour-2 thin").slice(0, 4)).toEqual([x0, y0, x1, y1]);
    expect(numbers(svg, /class="mark" x1="([\d.]+)"/g)).toEqual([x1]);
  });

  test("are named, told point by point, and left out where there is nothing", () => {
    expect(svg).toContain('aria-label="a &amp; b"');
    expect(svg).toContain(">&lt;model&gt;</text>");
    expect(svg).toContain("<title>teacher, 10: 50</title>");
    expect(svg).not.toContain("absent");
    expect(linePanel({ label: "", x, y, lines: [] })).toBe("");
  });

  test("leave out numbers that would lie upon each other", () => {
    const marks = [1, 1.01, 1.02, 100];
    const crowded = linePanel({ label: "", x: { ...x, marks }, y, lines: [{ name: "l", colour: 0, points }] });
    expect(crowded).toContain(">1</text>");
    expect(crowded).not.toContain(">1.01</text>");
    expect(crowded).toContain(">100</text>");
  });

  test("shorten a name that would leave them no room", () => {
    const named = linePanel({ label: "", x, y, lines: [{ name: "n".repeat(99), colour: 0, points }] });
    expect(named).toContain(`>${"n".repeat(23)}…</text>`);
    const [from = 0, , , , to = 0] =
      /line colour-0" points="([^"]*)"/.exec(named)?.[1]?.split(/[ ,]/).map(Number) ?? [];
    expect(to - from).toBeGreaterThan(100);
  });
});

describe("bars", () => {
  test("are as long as their values", () => {
    const bar = (name: string, value: number) => ({ name, value, text: `${value} nats`, colour: 0 });
    const svg = barPanel("bars", [bar("a", 1), bar("b", 4), bar("c", 0)]);
    const [a = 0, b = 0, c] = numbers(svg, / width="([\d.]+)"/g);
    expect(b / a).toBeCloseTo(4, 1);
    expect(c).toBe(0);
    expect(svg).toContain(">4 nats<");
    expect(barPanel("none", [])).toBe("");
  });
});

describe("columns", () => {
  const axes = { label: "columns", x: { label: "layer", text: String }, y: { label: "error", text: String } };

  test("stand from zero to their values, with gaps where there is none", () => {
    const svg = columnPanel({ ...axes, values: [0.25, null, 0.5, 0], colour: 1 });
    const [a = 0, b = 0, c] = numbers(svg, /class="bar[^>]* height="([\d.]+)"/g);
    expect(b / a).toBeCloseTo(2, 1);
    expect(c).toBe(0);
    const [first = 0, third = 0, fourth = 0] = numbers(svg, /class="bar[^>]* x="([\d.]+)"/g);
    expect(third - first).toBeCloseTo(2 * (fourth - third), 0);
    expect(svg).toContain("<title>layer 2: 0.5</title>");
  });

  test("reach the axis' end at most, and are nothing where nothing is known", () => {
    const svg = columnPanel({ ...axes, values: [0.93], colour: 1 });
    expect(svg).toContain(">1</text>");
    expect(columnPanel({ ...axes, values: [null], colour: 1 })).toBe("");
  });
});

describe("scores", () => {
  test("lie at their values, with their errors to both sides and chance", () => {
    const score = { name: "model", value: 0.5, error: 0.1, colour: 0 };
    const svg = intervalPanel("scores", "right", [{ name: "piqa", chance: 0.25, scores: [score] }]);
    const [at = 0] = numbers(svg, /<circle[^>]* cx="([\d.]+)"/g);
    const [from = 0, to = 0] = /class="line[^>]* x1="([\d.]+)" x2="([\d.]+)"/.exec(svg)?.slice(1).map(Number) ?? [];
    const [chance = 0] = numbers(svg, /class="chance" x1="([\d.]+)"/g);
    expect((from + to) / 2).toBeCloseTo(at, 0);
    expect((at - chance) / (to - at)).toBeCloseTo(2.5, 1);
    expect(svg).toContain("<title>model: 0.5 ± 0.1</title>");
    expect(intervalPanel("none", "right", [])).toBe("");
  });
});
