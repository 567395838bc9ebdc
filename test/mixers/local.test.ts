/** Local terms against loops over tokens and taps. */
import { expect, test } from "vitest";
import { integers, numbers, program, subtract } from "../../src/graph/index.ts";
import { chunked, type MixerSpecInput, parseMixer } from "../../src/mixers/index.ts";
import { normals } from "../random.ts";
import { compute, expectAll } from "./harness.ts";

const [length, dim, columns, size] = [11, 2, 4, 3] as const;
const random = (seed: number, shape: readonly number[]) => {
  const values = [
    ...normals(
      shape.reduce((product, side) => product * side),
      seed,
    ),
  ];
  return { values, tensor: numbers(values, shape) };
};
const shape = [1, 1, length, dim];
const [queries, keys, values] = [random(1, shape), random(2, shape), random(3, shape)];

/** What a local term adds to a mixer's output, with `count` real tokens. */
async function added(spec: MixerSpecInput, taps: ReturnType<typeof random>, count?: number) {
  const tokens = { queries: queries.tensor, keys: keys.tensor, values: values.tensor };
  const given = { ...tokens, ...(count !== undefined && { count: integers([count]) }) };
  const { local: _local, ...without } = spec;
  const output = subtract(
    chunked(parseMixer(spec), { ...given, parameters: { local: taps.tensor } }).output,
    chunked(parseMixer(without), { ...given, parameters: {} }).output,
  );
  return (await compute("float64", program({ output }), {})).output ?? [];
}

const valueAt = (token: number, channel: number) => values.values[token * dim + channel] ?? Number.NaN;

test.each([length, 7])("a grid adds the square around each of %i tokens", async (count) => {
  const taps = random(4, [1, dim, size, size]);
  const expected = Array.from({ length: count * dim }, (_unused, index) => {
    const [token, channel] = [Math.floor(index / dim), index % dim];
    const [row, column] = [Math.floor(token / columns), token % columns];
    let sum = 0;
    for (let down = -1; down <= 1; down++) {
      for (let right = -1; right <= 1; right++) {
        const [y, x] = [row + down, column + right];
        const near = y * columns + x;
        if (y < 0 || x < 0 || x >= columns || near >= count) continue;
        sum += valueAt(near, channel) * (taps.values[(channel * size + down + 1) * size + right + 1] ?? Number.NaN);
      }
    }
    return sum;
  });
  const spec: MixerSpecInput = { causal: false, state: {}, local: { kind: "grid", columns, size } };
  const output = await added(spec, taps, count);
  const actual = Array.from(output).slice(0, count * dim);
  expectAll({ actual }, { actual: expected }, { backend: "float64", tolerance: 1e-12 });
  expect(actual).toHaveLength(count * dim);
});

test("a depthwise filter adds the newest values", async () => {
  const taps = random(5, [1, dim, size]);
  const expected = Array.from({ length: length * dim }, (_unused, index) => {
    const [token, channel] = [Math.floor(index / dim), index % dim];
    let sum = 0;
    for (let back = 0; back < size && back <= token; back++)
      sum += valueAt(token - back, channel) * (taps.values[channel * size + size - 1 - back] ?? Number.NaN);
    return sum;
  });
  const actual = await added({ state: {}, local: { kind: "depthwise", size } }, taps);
  expectAll({ actual }, { actual: expected }, { backend: "float64", tolerance: 1e-12 });
});
