/** Options of writes that no preset has, and numbers that the laws do not reach. */
import { describe, test } from "vitest";
import { multiply, program, reshape, slice, subtract } from "../../src/graph/index.ts";
import { chunked, parallel, parseMixer } from "../../src/mixers/index.ts";
import { mixerVariables, stepped, tensorsOf } from "./forms.ts";
import { compute, expectAll, randomFeeds } from "./harness.ts";

test("corrected queries are queries less a part of what is erased by", async () => {
  const sizes = { batch: 1, heads: 2, groups: 2, length: 9, dim: 4 };
  const given = { source: "given" } as const;
  const write = { kind: "erase", strength: given, erase: given } as const;
  const decay = { kind: "given", per: "head" } as const;
  const plain = parseMixer({ state: { decay, write } });
  const corrected = parseMixer({
    state: { decay, write: { ...write, correction: { source: "learned", activation: "none" } } },
  });
  const { inputs } = mixerVariables(corrected, sizes, false);
  const { parameters, queries, streams } = inputs;
  const [factor, erase] = [parameters["correction.bias"], streams?.erase];
  if (factor === undefined || erase === undefined) throw new Error("the mixer reads a factor and a vector");
  const changed = subtract(queries, multiply(reshape(factor, [1, sizes.heads, 1, 1]), erase));
  const made = program({
    actual: chunked(corrected, inputs).output,
    expected: chunked(plain, { ...inputs, queries: changed }).output,
  });
  const { actual = [], expected = [] } = await compute("float64", made, randomFeeds(made));
  expectAll({ actual }, { actual: expected }, { backend: "float64", tolerance: 1e-12 });
});

describe("exponents far below zero weigh like any others", () => {
  test.each([
    ["chunked", chunked],
    ["parallel", parallel],
  ])("in the %s form, from a state of zeros", async (_name, form) => {
    const sizes = { batch: 1, heads: 1, groups: 1, length: 20, dim: 4 };
    const spec = parseMixer({
      state: { decay: { kind: "exponential", per: "value", source: "learned" }, write: { kind: "exponents" } },
    });
    const { inputs } = mixerVariables(spec, sizes, true);
    const made = program({
      far: form(spec, { ...inputs, keys: subtract(inputs.keys, 300) }).output,
      near: form(spec, inputs).output,
      first: slice(form(spec, { ...inputs, keys: subtract(inputs.keys, 300) }).output, 2, 0, 1),
    });
    const drawn = randomFeeds(made, { "state.seen": [0] });
    const zeros = Object.fromEntries(
      Object.entries(drawn).map(([name, numbers]) => [
        name,
        name.startsWith("state.") ? Array.from(numbers, () => 0) : numbers,
      ]),
    );
    const { far = [], near = [], first = [] } = await compute("float32", made, zeros);
    expectAll({ far }, { far: near }, { backend: "float32", tolerance: 1e-4 });
    const value = Array.from(zeros.values ?? []).slice(0, sizes.dim);
    expectAll({ first }, { first: value }, { backend: "float32", tolerance: 1e-5 });
  });
});

const perHead = { kind: "sigmoid", per: "head" } as const;

describe.each([
  ["two levels", { decay: perHead, write: { kind: "levels", count: 2 } }],
  ["four levels", { decay: perHead, write: { kind: "levels", count: 4 } }],
  ["three steps per token", { decay: { kind: "bounded" }, write: { kind: "product", steps: 3 } }],
] as const)("forms agree with %s", (_name, state) => {
  // The last level takes in what the others leave at powers of two.
  test.each([0, 3, 7, 8, 200])("after %i tokens", async (seen) => {
    const spec = parseMixer({ state: { featureMap: { kind: "unit" }, ...state } });
    const sizes = { batch: 1, heads: 2, groups: 1, length: 21, dim: 4, hidden: 3 };
    const { inputs } = mixerVariables(spec, sizes, true);
    const oracle = program(tensorsOf(parallel(spec, inputs)));
    const feeds = randomFeeds(oracle, { "state.seen": [seen] });
    const expected = await compute("float64", oracle, feeds);
    for (const form of [chunked, stepped]) {
      const actual = await compute("float64", program(tensorsOf(form(spec, inputs))), feeds);
      expectAll(actual, expected, { backend: "float64", tolerance: 1e-10 });
    }
  });
});
