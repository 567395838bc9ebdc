import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTokenCount, parseTokenCount } from "../../src/recipes/index.ts";

describe("token counts", () => {
  test.each([
    ["300", 300],
    ["300k", 300_000],
    ["300K", 300_000],
    ["1M", 1_000_000],
    ["1.1M", 1_100_000],
    ["2.05k", 2050],
    ["2B", 2_000_000_000],
    ["0", 0],
    [" 20M ", 20_000_000],
  ])("%s is %d", (text, count) => expect(parseTokenCount(text)).toBe(count));

  test.each(["", "k", "-1", "1.5", "1.0005k", "1e6", "0x10", "1M tokens", "1,000", "∞", "99999999999B"])(
    "%j is none",
    (text) => expect(parseTokenCount(text)).toBeUndefined(),
  );

  test("what is written is read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (count) => {
        expect(parseTokenCount(formatTokenCount(count))).toBe(count);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), fc.constantFrom(1e3, 1e5, 1e6, 1e8), (digits, factor) => {
        expect(parseTokenCount(formatTokenCount(digits * factor))).toBe(digits * factor);
      }),
    );
  });

  test("round counts are written short", () => {
    expect([300_000, 1_500_000, 20_000_000, 1024, 2e9].map(formatTokenCount)).toEqual([
      "300k",
      "1.5M",
      "20M",
      "1024",
      "2B",
    ]);
  });
});
