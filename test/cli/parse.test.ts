import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { between, ids, lengths, list, tokens, whole } from "../../src/cli/parse.ts";
import { bytes, count, duration, measured } from "../../src/units.ts";

describe("values from text", () => {
  test("ids survive being written with commas and spaces", () => {
    const separator = fc.constantFrom(",", ", ", " ", "\n", ",\t");
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { minLength: 1 }), separator, (wanted, between) => {
        expect(ids(wanted.join(between))).toEqual(wanted);
      }),
    );
  });

  test("what is no number never becomes one", () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/^\s*[\d.]+\s*[kmgb]?\s*$/i.test(text)),
        (text) => {
          expect(() => tokens(text)).toThrow();
          expect(() => whole(0)(text)).toThrow();
        },
      ),
    );
  });

  test("bounds hold", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (value) => {
        const parse = whole(10, 20);
        if (value >= 10 && value <= 20) expect(parse(String(value))).toBe(value);
        else expect(() => parse(String(value))).toThrow("from 10 to 20");
      }),
    );
    expect(between(0, 1)("1e-1")).toBe(0.1);
    for (const text of ["", "1.01", "NaN", "-0.1", "0.5x"]) expect(() => between(0, 1)(text)).toThrow("from 0 to 1");
  });

  test("lists", () => {
    expect(lengths("512, 2k,1M")).toEqual([512, 2000, 1_000_000]);
    expect(list("piqa, arc_easy")).toEqual(["piqa", "arc_easy"]);
    expect(() => list("a,,b")).toThrow("none of them empty");
    expect(() => lengths("")).toThrow();
  });
});

test("quantities for people", () => {
  expect([0, 1023, 1024, 1536, 123_456_789, 1_610_612_736].map(bytes)).toEqual([
    "0 B",
    "1023 B",
    "1.00 KiB",
    "1.50 KiB",
    "118 MiB",
    "1.50 GiB",
  ]);
  expect([0.04, 9.96, 59.6, 61, 3600, 7500, 90_000, Number.POSITIVE_INFINITY].map(duration)).toEqual([
    "0 s",
    "10 s",
    "1 min",
    "1 min 1 s",
    "1 h",
    "2 h 5 min",
    "1 d 1 h",
    "unknown time",
  ]);
  expect([0, 999, 9990.4, 12_345, 300_000, 999_999, 1.5e6, 2e9].map(count)).toEqual([
    "0",
    "999",
    "9990",
    "12.3k",
    "300k",
    "1M",
    "1.5M",
    "2B",
  ]);
  expect([null, 0, 17.123456, 1e9, 1e-6, Number.NaN].map((value) => measured(value))).toEqual([
    "–",
    "0",
    "17.12",
    "1.00e+9",
    "1.00e-6",
    "NaN",
  ]);
});
