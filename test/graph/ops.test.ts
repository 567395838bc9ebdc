/** Each operation's gradient rule and ONNX emission, from one table. */
import { describe, expect, test } from "vitest";
import * as g from "../../src/graph/index.ts";
import { applyOne, inputOf, type Operation } from "../../src/graph/value.ts";
import { type Case, checkEngine, checkGradients } from "./check.ts";

const opaque: Operation = { name: "opaque", infer: (inputs) => [inputOf({ inputs }, 0)], emit: () => {} };
const positive = (x: number) => Math.abs(x) + 0.5;
const positions = (batch: number, length: number) =>
  g.reshape(g.integers(Array.from({ length: batch * length }, (_unused, index) => index % length)), [batch, length]);
const angles = (count: number, half: number, f: (x: number) => number) =>
  g.constant(
    Float32Array.from({ length: count * half }, (_unused, i) => f((0.3 * (i + 1)) % 7)),
    [count, half],
  );

const joined = (...values: g.Value[]) =>
  g.concat(
    values.map((value) => g.reshape(value, [-1])),
    0,
  );

/** Every output of a scan in one vector. */
const scanned =
  (options: g.LinearScanOptions) =>
  (...[factors, written, initial]: g.Value[]) => {
    const { before, final } = g.linearScan(factors as g.Value, written as g.Value, initial as g.Value, options);
    return joined(before, final);
  };

const cases: Record<string, Case> = {
  add: { shapes: [[2, 3], [3]], build: g.add },
  "add of scalars": { shapes: [[1], [2, 2]], build: g.add },
  subtract: { shapes: [[3], [2, 3]], build: g.subtract },
  multiply: {
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
    build: g.multiply,
  },
  divide: {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: g.divide,
    domain: positive,
  },
  maximum: { shapes: [[5], [5]], build: g.maximum },
  minimum: { shapes: [[5], [5]], build: g.minimum },
  power: { shapes: [[4]], build: (x) => g.power(x, 2.5), domain: positive },
  negate: { shapes: [[3]], build: g.negate },
  exp: { shapes: [[3]], build: g.exp },
  log: { shapes: [[3]], build: g.log, domain: positive },
  sqrt: { shapes: [[3]], build: g.sqrt, domain: positive },
  reciprocal: { shapes: [[3]], build: g.reciprocal, domain: positive },
  sigmoid: { shapes: [[4]], build: g.sigmoid },
  tanh: { shapes: [[4]], build: g.tanh },
  softplus: { shapes: [[4]], build: g.softplus },
  sin: { shapes: [[5]], build: g.sin },
  cos: { shapes: [[5]], build: g.cos },
  relu: { shapes: [[6]], build: g.relu },
  absolute: { shapes: [[6]], build: g.absolute },
  "round beside what learns": { shapes: [[6]], build: (x) => g.add(x, g.round(g.multiply(x, 3))) },
  erf: { shapes: [[6]], build: g.erf },
  silu: { shapes: [[6]], build: g.silu },
  gelu: { shapes: [[6]], build: g.gelu },
  geluTanh: { shapes: [[6]], build: g.geluTanh },
  where: {
    shapes: [[2, 3], [3]],
    build: (a, b) =>
      g.where(
        g.mask([2, 3], (i = 0, j = 0) => i === j),
        a,
        b,
      ),
  },
  "where on a comparison": { shapes: [[4], [4]], build: (a, b) => g.where(g.greater(a, b), g.multiply(a, b), b) },
  "where on combined comparisons": {
    shapes: [[7], [7]],
    build: (a, b) => {
      const [first, second] = [g.greater(a, b), g.less(a, 0)];
      return g.where(g.or(g.and(first, second), g.not(g.or(first, second))), g.multiply(a, b), a);
    },
  },
  "rows at a quotient of positions": {
    shapes: [[3, 2]],
    build: (table) => g.rows(table, g.quotient(g.integers([0, 1, 2, 3, 5]), g.integers([2]))),
  },
  sum: { shapes: [[2, 3, 2]], build: (x) => g.sum(x, [0, 2]) },
  mean: { shapes: [[2, 3]], build: (x) => g.mean(x, [-1]) },
  max: { shapes: [[2, 5]], build: (x) => g.max(x, [-1]) },
  sumTo: { shapes: [[2, 3, 2]], build: (x) => g.sumTo(x, [3, 1]) },
  cumulativeSum: { shapes: [[2, 4]], build: (x) => g.cumulativeSum(x, 1) },
  "cumulativeSum reversed": {
    shapes: [[3, 2]],
    build: (x) => g.cumulativeSum(x, 0, { exclusive: true, reverse: true }),
  },
  reshape: { shapes: [[2, 6]], build: (x) => g.reshape(x, [3, -1]) },
  transpose: { shapes: [[2, 3, 4]], build: (x) => g.transpose(x, [2, 0, 1]) },
  broadcastTo: { shapes: [[2, 1]], build: (x) => g.broadcastTo(x, [3, 2, 4]) },
  concat: {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (a, b) => g.concat([a, b, a], 1),
  },
  split: {
    shapes: [[2, 6]],
    build: (x) => {
      const [first, , last] = g.split(x, -1, [1, 3, 2]) as [g.Value, g.Value, g.Value];
      return g.multiply(first, last);
    },
  },
  slice: { shapes: [[4, 3]], build: (x) => g.slice(x, 0, 1, -1) },
  pad: { shapes: [[2, 2]], build: (x) => g.pad(x, 1, 1, 2) },
  "pad between transposes": {
    shapes: [[2, 3, 2, 4]],
    build: (x) => g.transpose(g.pad(g.transpose(x, [0, 2, 3, 1]), 1, 2, 0), [0, 3, 1, 2]),
  },
  reverse: { shapes: [[3, 2]], build: (x) => g.reverse(x, 0) },
  matmul: {
    shapes: [
      [2, 3],
      [3, 4],
    ],
    build: (a, b) => g.matmul(a, b),
  },
  "matmul of a batch with one matrix": {
    shapes: [
      [2, 2, 3],
      [4, 3],
    ],
    build: (a, b) => g.matmul(a, b, { transposeB: true }),
  },
  "matmul transposed and scaled": {
    shapes: [
      [2, 3, 2],
      [1, 3, 4],
    ],
    build: (a, b) => g.matmul(a, b, { transposeA: true, scale: 0.5 }),
  },
  "matmul of both transposed": {
    shapes: [
      [3, 2],
      [4, 3],
    ],
    build: (a, b) => g.matmul(a, b, { transposeA: true, transposeB: true }),
  },
  quantizedMatmul: {
    shapes: [[4, 3]],
    tolerance: 2e-2,
    build: (x) => {
      const ones = (count: number) => g.scalar(0.5, [count]);
      const forward = g.constant(Int8Array.from([3, -100, 7, 120, -5, 64]), [3, 2], "int8");
      const backward = g.constant(Int8Array.from([3, 7, -5, -100, 120, 64]), [2, 3], "int8");
      const transposed = { integers: backward, scales: ones(3) };
      return g.quantizedMatmul(x, { integers: forward, scales: ones(2), transposed });
    },
  },
  softmax: { shapes: [[2, 4]], build: g.softmax },
  logSoftmax: { shapes: [[2, 4]], build: g.logSoftmax },
  rmsNorm: { shapes: [[3, 4], [4]], build: (x, scale) => g.rmsNorm(x, scale, 1e-5) },
  layerNorm: { shapes: [[3, 4], [4]], build: (x, scale) => g.layerNorm(x, scale, 1e-5) },
  rows: { shapes: [[5, 3]], build: (table) => g.rows(table, g.integers([4, 1, 1, 0])) },
  addRows: { shapes: [[3, 2]], build: (updates) => g.addRows(updates, g.integers([2, 2, 0]), [4, 2]) },
  pick: { shapes: [[3, 4]], build: (x) => g.pick(x, g.reshape(g.integers([3, 0, 2]), [3, 1])) },
  topIndices: {
    shapes: [[3, 5]],
    build: (x) => joined(...g.split(g.topIndices(x, 3), -1, [1, 1, 1]).map((place) => g.pick(x, place))),
  },
  rotary: {
    shapes: [[2, 2, 3, 8]],
    build: (x) => g.rotary(x, angles(6, 4, Math.cos), angles(6, 4, Math.sin), positions(2, 3)),
  },
  causalAttention: {
    shapes: [
      [2, 4, 5, 8],
      [2, 2, 5, 8],
      [2, 2, 5, 8],
    ],
    build: (q, k, v) => g.causalAttention(q, k, v, { scale: 0.35 }),
  },
  "causalAttention in a window": {
    shapes: [
      [1, 2, 6, 8],
      [1, 2, 6, 8],
      [1, 2, 6, 8],
    ],
    build: (q, k, v) => g.causalAttention(q, k, v, { scale: 0.35, window: 3 }),
  },
  "causalAttention over several blocks": {
    shapes: [
      [1, 2, 150, 2],
      [1, 1, 150, 2],
      [1, 1, 150, 2],
    ],
    build: (q, k, v) => g.slice(g.causalAttention(q, k, v, { scale: 0.7, window: 40 }), 2, 120, 124),
  },
  linearAttention: {
    shapes: [
      [2, 2, 5, 4],
      [2, 2, 5, 4],
      [2, 2, 5, 3],
      [2, 2, 4, 3],
    ],
    build: (q, k, v, state) => {
      const result = g.linearAttention(q, k, v, state);
      return g.concat([g.reshape(result.output, [-1]), g.reshape(result.state, [-1])], 0);
    },
  },
  linearScan: {
    shapes: [
      [4, 1, 3, 1],
      [4, 2, 3, 2],
      [2, 3, 2],
    ],
    build: scanned({}),
  },
  "linearScan reversed": {
    shapes: [
      [3, 2, 2],
      [3, 2, 2],
      [2, 2],
    ],
    build: scanned({ reverse: true }),
  },
  "linearScan by matrices": {
    shapes: [
      [4, 2, 1, 3, 3],
      [4, 2, 2, 3, 2],
      [2, 2, 3, 2],
    ],
    build: scanned({ matrix: true }),
  },
  "linearScan by transposed matrices, reversed": {
    shapes: [
      [3, 3, 3],
      [3, 3, 2],
      [3, 2],
    ],
    build: scanned({ matrix: true, reverse: true, transposed: true }),
  },
  "linearScan of one step": {
    shapes: [
      [1, 2, 3, 3],
      [1, 2, 3, 2],
      [2, 3, 2],
    ],
    build: scanned({ matrix: true }),
  },
  "linearScan read before each step alone": {
    shapes: [
      [3, 2],
      [3, 2],
      [1, 2],
    ],
    build: (factors, written, initial) =>
      g.linearScan(g.reshape(factors, [3, 1, 2]), g.reshape(written, [3, 1, 2]), initial).before,
  },
  "linearScan read at its end alone": {
    shapes: [[3, 1], [3, 2], [2]],
    build: (factors, written, initial) => g.linearScan(factors, written, initial).final,
  },
  "linearScan twice": {
    shapes: [[3, 2], [3, 2], [2]],
    build: (factors, written, initial) => {
      const first = g.linearScan(factors, written, initial);
      const second = g.linearScan(g.tanh(first.before), written, first.final, { reverse: true });
      return joined(second.before, second.final);
    },
  },
  longConvolution: {
    shapes: [
      [2, 5, 3],
      [2, 5, 3],
    ],
    build: (x, filter) => g.longConvolution(x, filter),
  },
  "longConvolution ahead, one filter for all": {
    shapes: [
      [2, 2, 9, 2],
      [1, 1, 9, 1],
    ],
    build: (x, filter) => g.longConvolution(x, filter, { ahead: true }),
  },
  "longConvolution of one token": {
    shapes: [
      [1, 2],
      [1, 1],
    ],
    build: (x, filter) => g.longConvolution(x, filter),
  },
  "withGradient of an expression": {
    shapes: [[4]],
    build: (x) => g.withGradient(g.multiply(x, x), [x], (upstream, a) => [a.multiply(upstream, a.multiply(2, x))]),
  },
};

describe("gradient rules equal central differences", () => {
  test.each(Object.entries(cases))("%s", (_name, spec) => checkGradients(spec));
});

describe("ONNX Runtime equals the interpreter", () => {
  test.each(Object.entries(cases))("%s", (_name, spec) => checkEngine(spec));
});

describe("errors name the expression and its shapes", () => {
  const x = g.named(g.input("x", [2, 3]), "queries");
  test.each([
    ["add", () => g.add(x, g.input("y", [4]))],
    ["matmul", () => g.matmul(x, g.input("y", [4, 3]))],
    ["reshape", () => g.reshape(x, [4])],
    ["concat", () => g.concat([x, g.input("y", [3, 3])], 1)],
    ["slice", () => g.slice(x, 1, 2, 9)],
    ["split", () => g.split(x, 1, [2, 2])],
    ["linearScan of other steps", () => g.linearScan(g.input("f", [2, 3]), g.input("w", [4, 3]), g.input("s", [3]))],
    ["linearScan of another state", () => g.linearScan(g.input("f", [4, 2, 3]), x, g.input("s", [3]))],
    ["topIndices of more than there are", () => g.topIndices(x, 4)],
    ["longConvolution with a filter of another length", () => g.longConvolution(x, g.input("filter", [3, 3]))],
    ["pick", () => g.pick(x, g.integers([1]))],
    ["no derivative", () => g.gradient(g.sum(applyOne(opaque, [x], {})), [x])],
    ["a loss that is no scalar", () => g.gradient(x, [x])],
    ["one name, two types", () => g.program({ y: g.add(g.input("x", [1]), g.input("x", [2])) })],
  ])("%s", (_name, build) => {
    expect(build).toThrowErrorMatchingSnapshot();
  });
});
