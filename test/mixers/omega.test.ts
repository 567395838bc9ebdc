/** Descent over windows of tokens against the recurrence written out, token by token. */
import { describe, test } from "vitest";
import { program } from "../../src/graph/index.ts";
import { chunked, parseMixer } from "../../src/mixers/index.ts";
import { mixerVariables } from "./forms.ts";
import { compute, expectAll, randomFeeds } from "./harness.ts";

const [length, dim, size, window] = [23, 4, 5, 7];

type Matrix = number[][];

const zeros = (): Matrix => Array.from({ length: dim }, () => new Array<number>(dim).fill(0));
const map = (a: Matrix, f: (x: number, row: number, column: number) => number): Matrix =>
  a.map((line, row) => line.map((x, column) => f(x, row, column)));
const at = (a: Matrix, row: number, column: number) => a[row]?.[column] ?? 0;
const product = (a: Matrix, b: Matrix): Matrix =>
  map(zeros(), (_zero, row, column) => a.reduce((sum, _line, k) => sum + at(a, row, k) * at(b, k, column), 0));
const transposed = (a: Matrix): Matrix => map(a, (_x, row, column) => at(a, column, row));
const through = (row: readonly number[], a: Matrix) =>
  row.map((_x, column) => row.reduce((sum, x, k) => sum + x * at(a, k, column), 0));

/** Muon's five iterations, as they are published for matrices of norm 1. */
function orthogonalized(velocity: Matrix, iterations: number): Matrix {
  if (iterations === 0) return velocity;
  const norm = Math.sqrt(velocity.flat().reduce((sum, x) => sum + x * x, 1e-12));
  let x = map(velocity, (number) => number / norm);
  for (let step = 0; step < iterations; step++) {
    const a = product(x, transposed(x));
    const squared = product(a, a);
    const b = map(a, (number, row, column) => -4.775 * number + 2.0315 * at(squared, row, column));
    const turned = product(b, x);
    x = map(x, (number, row, column) => 3.4445 * number + at(turned, row, column));
  }
  return x;
}

/** The outputs of one head. */
function expected(rows: (name: string) => Matrix, iterations: number): number[] {
  const [queries, keys, values] = [rows("queries"), rows("keys"), rows("values")];
  const gate = (name: string, token: number) => rows(`stream.${name}`)[token]?.[0] ?? 0;
  let [memory, velocity, start] = [zeros(), zeros(), zeros()];
  const outputs: number[] = [];
  for (let t = 0; t < length; t++) {
    if (t % size === 0) start = memory;
    let gradient = zeros();
    for (let i = Math.max(0, t - window + 1); i <= t; i++) {
      const error = through(keys[i] ?? [], start).map((x, column) => x - (values[i]?.[column] ?? 0));
      gradient = map(gradient, (x, row, column) => x + gate("weight", i) * at(keys, i, row) * (error[column] ?? 0));
    }
    velocity = map(velocity, (x, row, column) => Math.exp(gate("keep", t)) * x + at(gradient, row, column));
    const step = orthogonalized(velocity, iterations);
    memory = map(memory, (x, row, column) => Math.exp(gate("decay", t)) * x - gate("rate", t) * at(step, row, column));
    outputs.push(...through(queries[t] ?? [], memory));
  }
  return outputs;
}

describe("descent over a window is its recurrence", () => {
  test.each([0, 5])("with %i iterations towards an orthogonal step", async (iterations) => {
    const given = { source: "given" } as const;
    const spec = parseMixer({
      state: {
        decay: { kind: "given", per: "head" },
        write: { kind: "omega", size, window, iterations, rate: given, keep: given, weight: given },
      },
    });
    const { inputs } = mixerVariables(spec, { batch: 1, heads: 1, groups: 1, length, dim, hidden: 1 }, false);
    const made = program({ output: chunked(spec, inputs).output });
    const drawn = randomFeeds(made);
    const gates: Record<string, (x: number) => number> = {
      "stream.decay": (x) => -0.1 * Math.abs(x),
      "stream.keep": (x) => -Math.abs(x),
      "stream.rate": (x) => 0.02 * Math.abs(x),
      "stream.weight": Math.abs,
    };
    const feeds = Object.fromEntries(
      Object.entries(drawn).map(([name, numbers]) => [name, Array.from(numbers, gates[name] ?? ((x) => x))]),
    );
    const rows = (name: string): Matrix => {
      const numbers = feeds[name] ?? [];
      const width = numbers.length / length;
      return Array.from({ length }, (_unused, row) => numbers.slice(row * width, (row + 1) * width));
    };
    const { output = [] } = await compute("float64", made, feeds);
    expectAll({ output }, { output: expected(rows, iterations) }, { backend: "float64", tolerance: 1e-11 });
  });
});
