/** Rotary settings that depend on a sequence's length: tables beside the formulas as they are published. */
import { describe, expect, test } from "vitest";
import { ropeSpec, ropeTables } from "../../src/families/rope/rope.ts";

const base = { theta: 10_000, dim: 8, context: 256 };

describe("longrope", () => {
  const settings = { short_factor: [1, 1.5, 2, 3], long_factor: [1.5, 3, 6, 9], original_max_position_embeddings: 64 };
  const spec = ropeSpec("longrope", base, settings);
  const angle = (position: number, pair: number, factors: readonly number[]) =>
    position / ((factors[pair] ?? 1) * 10_000 ** (pair / 4));
  // √(1 + ln s / ln L) for a context s times L (arXiv 2402.13753, equation 8).
  const scale = Math.sqrt(1 + Math.log(256 / 64) / Math.log(64));

  test.each([
    ["as long as the trained context", 64, settings.short_factor],
    ["longer", 65, settings.long_factor],
  ])("a sequence %s", (_name, length, factors) => {
    const { cos, sin } = ropeTables(spec, length - 2, 2);
    for (let pair = 0; pair < 4; pair++) {
      expect(cos[4 + pair]).toBeCloseTo(scale * Math.cos(angle(length - 1, pair, factors)), 6);
      expect(sin[pair]).toBeCloseTo(scale * Math.sin(angle(length - 2, pair, factors)), 6);
    }
  });

  test("the beginning of a long sequence has the angles of a long one", () => {
    const [own, whole] = [ropeTables(spec, 0, 4, 100), ropeTables(spec, 0, 100)];
    expect(own.sin).toEqual(whole.sin.slice(0, 16));
    expect(own.sin).not.toEqual(ropeTables(spec, 0, 4).sin);
  });

  test("is what older configurations call su", () => {
    expect(ropeTables(ropeSpec("su", base, settings), 0, 70)).toEqual(ropeTables(spec, 0, 70));
  });

  test("a list of the wrong length is refused", () => {
    expect(() => ropeSpec("longrope", base, { ...settings, long_factor: [1] })).toThrow(
      /1 factors does not fit 4 pairs/,
    );
  });
});

test("dynamic NTK raises the base beyond the trained context alone", () => {
  const spec = ropeSpec("dynamic", { ...base, context: 64 }, { factor: 2 });
  expect(ropeTables(spec, 0, 64)).toEqual(ropeTables(ropeSpec("default", base, {}), 0, 64));
  // θ (s n / L − (s − 1))^(d / (d − 2)).
  const theta = 10_000 * ((2 * 128) / 64 - 1) ** (8 / 6);
  const { cos } = ropeTables(spec, 127, 1);
  for (let pair = 0; pair < 4; pair++) expect(cos[pair]).toBeCloseTo(Math.cos(127 / theta ** (pair / 4)), 6);
});
