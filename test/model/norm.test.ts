/** Norms with a scale of all rows, of each row, or without one, against sums written out. */
import { expect, test } from "vitest";
import type { NormSpec } from "../../src/families/index.ts";
import { input, program } from "../../src/graph/index.ts";
import { normalizedBy } from "../../src/model/norm.ts";
import { interpret, reference } from "../../src/runtime/reference/interpret.ts";
import { normals } from "../random.ts";

const [batch, heads, width] = [3, 2, 4];
const x = normals(batch * heads * width, 1);
const own = normals(heads * width, 2);
const shared = normals(width, 3);

/** Row `row` of x, normalized by hand. */
function byHand(row: number, { kind, epsilon }: NormSpec): number[] {
  const values = [...x.subarray(row * width, (row + 1) * width)];
  const mean = kind === "rms" ? 0 : values.reduce((sum, value) => sum + value, 0) / width;
  const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
  return values.map((value) => (value - mean) / Math.sqrt(spread + epsilon));
}

test.each(["rms", "layer"] as const)("%s", (kind) => {
  for (const [scaled, offset, bias] of [
    ["none", 0, false],
    ["none", 0, true],
    ["shared", 0, true],
    ["shared", 1, false],
    ["own", 0, false],
    ["own", 1, true],
  ] as const) {
    const norm: NormSpec = { kind, epsilon: 0.01, offset, bias, ...(scaled === "none" && { scale: false }) };
    const shape = scaled === "own" ? [heads, width] : [width];
    const feeds = { x: reference([batch, heads, width], x), scale: reference(shape, scaled === "own" ? own : shared) };
    const weights = {
      ...(scaled !== "none" && { norm: input("scale", shape) }),
      ...(bias && { normBias: input("bias", shape) }),
    };
    const { y } = interpret(program({ y: normalizedBy(input("x", [batch, heads, width]), "norm", weights, norm) }), {
      ...feeds,
      bias: feeds.scale,
    });
    for (let row = 0; row < batch * heads; row++) {
      byHand(row, norm).forEach((value, column) => {
        const stored = scaled === "own" ? own[(row % heads) * width + column] : shared[column];
        const factor = scaled === "none" ? 1 : offset + (stored ?? Number.NaN);
        const expected = value * factor + (bias ? (stored ?? Number.NaN) : 0);
        expect(y.data[row * width + column], `${scaled} ${row} ${column}`).toBeCloseTo(expected, 10);
      });
    }
  }
});
