import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linePlotSvg } from "../../../src/evaluation/plot/line-plot.ts";
import { logScale } from "../../../src/evaluation/plot/log-scale.ts";
import { spread } from "../../../src/evaluation/plot/spread.ts";

describe("a logarithmic axis", () => {
  test("has its ends at the ends, and equal steps for equal factors", () => {
    const { at } = logScale([8, 2, 32], 100, 200);
    expect([2, 8, 32].map(at)).toEqual([100, 150, 200]);
  });

  test("marks powers of ten, and 2 and 5 where there are few", () => {
    expect(logScale([1, 60], 0, 1).ticks).toEqual([1, 2, 5, 10, 20, 50]);
    expect(logScale([0.5, 20_000], 0, 1).ticks).toEqual([1, 10, 100, 1000, 10_000]);
  });

  test("has a place for a single number", () => {
    expect(logScale([5], 0, 10).at(5)).toBeCloseTo(5, 12);
  });
});

describe("labels", () => {
  test("stay where they want to be where there is room", () => {
    expect(spread([10, 50, 30], 10, 0, 100)).toEqual([10, 50, 30]);
  });

  test("make room on both sides", () => {
    expect(spread([50, 50], 10, 0, 100)).toEqual([45, 55]);
    expect(spread([100, 99, 98], 10, 0, 100)).toEqual([100, 90, 80]);
  });

  test("keep their distance, their order and the bounds", () => {
    const wanted = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(wanted, (places) => {
        const result = spread(places, 5, 0, 100);
        const sorted = result.toSorted((a, b) => a - b);
        for (const [index, place] of sorted.entries()) {
          expect(place).toBeGreaterThanOrEqual(-1e-9);
          expect(place).toBeLessThanOrEqual(100 + 1e-9);
          if (index > 0) expect(place - (sorted[index - 1] ?? 0)).toBeGreaterThanOrEqual(5 - 1e-9);
        }
        for (const [i, a] of places.entries())
          for (const [j, b] of places.entries()) if (a < b) expect(result[i]).toBeLessThan(result[j] ?? Number.NaN);
      }),
      { seed: 3 },
    );
  });
});

describe("a plot of lines", () => {
  const plot = {
    title: "Time <per> token",
    subtitle: "a & b",
    xLabel: "tokens",
    yLabel: "µs",
    xText: (x: number) => `${x} tokens`,
    yText: String,
    series: [
      {
        name: "first",
        points: [
          { x: 1, y: 1 },
          { x: 10, y: 100 },
        ],
      },
      {
        name: "second",
        note: "note",
        colour: 9,
        points: [
          { x: 1, y: 100 },
          { x: 10, y: 10 },
          { x: 100, y: 1 },
        ],
      },
      { name: "alone", colour: 0, points: [{ x: 10, y: 10 }] },
    ],
  };
  const svg = linePlotSvg(plot);
  const line = (name: string) => new RegExp(`points="([^"]*)"><title>${name}`).exec(svg)?.[1];

  test("has each line's points at their places", () => {
    // 64 to 710 across, 472 to 92 up.
    expect(line("first")).toBe("64,472 387,92");
    expect(line("second")).toBe("64,92 387,282 710,472");
    expect(svg).toContain('cx="387" cy="282" r="3"');
  });

  test("names lines and axes, with text escaped", () => {
    for (const text of [
      "Time &lt;per&gt; token",
      "a &amp; b",
      ">1 tokens<",
      ">100 tokens<",
      ">first<",
      'class="quiet">note',
    ]) {
      expect(svg).toContain(text);
    }
    expect(svg).not.toContain("<per>");
  });

  test("has colours of its own, for light and for dark", () => {
    expect(svg).toContain('class="line reference"');
    expect(svg).toContain('class="line colour-1"');
    expect(svg).toMatch(
      /\.line\.colour-1\{stroke:#\w{6}\}.*prefers-color-scheme:dark.*\.line\.colour-1\{stroke:#\w{6}\}/s,
    );
  });

  test("is a well-formed document", () => {
    const open: string[] = [];
    for (const [, slash, name = "", closed] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (slash === "/") expect(open.pop()).toBe(name);
      else if (closed !== "/") open.push(name);
    }
    expect(open).toEqual([]);
  });

  test("refuses to draw nothing", () => {
    expect(() => linePlotSvg({ ...plot, series: [] })).toThrow("there is no point to draw");
  });
});
