/** Decays that are the same for every token, by published lists of slopes. */
import { z } from "zod";
import { log, numbers, reshape, type Value } from "../../../graph/index.ts";
import { kind } from "../../axis.ts";
import type { Decay } from "../decay.ts";

/**
 * 2^(−8 (h + 1) / H); heads beyond the last power of two take every other slope of twice as many (arXiv 2108.12409, and
 * its published code).
 */
function alibiSlopes(heads: number): number[] {
  const even = 2 ** Math.floor(Math.log2(heads));
  const slope = (head: number, count: number) => 2 ** ((-8 * (head + 1)) / count);
  return Array.from({ length: heads }, (_unused, head) =>
    head < even ? slope(head, even) : slope(2 * (head - even), 2 * even),
  );
}

/** Log decays of the heads, by published lists of slopes. */
const slopes: Readonly<
  Record<string, (heads: number, options: { layer: number; layers: number; factor: number }) => Value>
> = {
  // γ = 1 − 2^(−5 − h) (arXiv 2307.08621).
  retnet: (heads) => log(numbers(Array.from({ length: heads }, (_unused, head) => 1 - 2 ** (-5 - head)))),
  alibi: (heads, { factor }) => numbers(alibiSlopes(heads).map((slope) => -slope * factor)),
  // (8 / H) (1 − l / L) h (arXiv 2405.17381): the first head never forgets.
  lightning: (heads, { layer, layers }) =>
    numbers(Array.from({ length: heads }, (_unused, head) => -(8 / heads) * (1 - layer / layers) * head)),
  // 2^(−8 (h + 1) / H) (1 − l / (L − 1 + 1e-5) + 1e-5) (arXiv 2501.08313).
  minimax: (heads, { layer, layers }) =>
    numbers(
      Array.from({ length: heads }, (_unused, head) => {
        const slope = 2 ** ((-8 * (head + 1)) / heads);
        return -slope * (1 - layer / (layers - 1 + 1e-5) + 1e-5);
      }),
    ),
};

/** Constant factors per head. */
export const constant = kind(
  z.strictObject({
    kind: z.literal("constant"),
    slopes: z.enum(["retnet", "alibi", "lightning", "minimax"]),
    layer: z.number().int().nonnegative().default(0),
    layers: z.number().int().positive().default(1),
    /** Factor of ALiBi's slopes. */
    factor: z.number().positive().default(1),
  }),
  (options): Decay => ({
    per: "head",
    byPlace: true,
    parameters: () => ({}),
    streams: () => ({}),
    read: (_inputs, { heads }) => {
      const list = slopes[options.slopes]?.(heads, options);
      if (list === undefined) throw new TypeError("the schema lists all slopes");
      return { decay: reshape(list, [1, heads, 1, 1]) };
    },
  }),
);
