/** Specs: what parses, what is refused and how it is said, and what a mixer plans before it is built. */
import { describe, expect, test } from "vitest";
import { input, program, reshape, sizeOf, slice, type Value } from "../../src/graph/index.ts";
import {
  chunked,
  initialValues,
  mixerParameters,
  parallel,
  parseMixer,
  planMixer,
  presets,
  stateLayout,
  step,
} from "../../src/mixers/index.ts";
import { uniform } from "../random.ts";
import { mixerVariables } from "./forms.ts";
import { compute, expectAll, randomFeeds } from "./harness.ts";

const sizes = { batch: 2, heads: 4, groups: 2, length: 128, dim: 8, hidden: 32 };

describe("plans", () => {
  test("LoLCATs' parameters and state", () => {
    const { parameters, state, forms } = planMixer(presets.lolcats ?? parseMixer({}), sizes);
    const map = { shape: [4, 8, 8], initial: { kind: "identity" } };
    expect(parameters).toEqual({
      "featureMap.queries": map,
      "featureMap.keys": map,
      windowFactor: { shape: [4], initial: { kind: "constant", value: expect.closeTo(-2.1972245773362196, 12) } },
    });
    expect(state).toEqual({
      recurrent: { dtype: "float32", shape: [2, 4, 16, 9] },
      keys: { dtype: "float32", shape: [2, 2, 64, 8] },
      values: { dtype: "float32", shape: [2, 2, 64, 8] },
      seen: { dtype: "int64", shape: [2] },
    });
    expect(Object.values(forms)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("every preset plans", () => {
    for (const [name, spec] of Object.entries(presets)) {
      const { parameters, streams, state } = planMixer(spec, sizes);
      const shapes = Object.fromEntries(Object.entries(parameters).map(([key, { shape }]) => [key, shape]));
      expect({ shapes, streams, state }).toMatchSnapshot(name);
    }
  });

  test("a form that is missing says why", () => {
    const spec = parseMixer({ state: { decay: { kind: "none" }, read: { kind: "before" } } });
    const { inputs } = mixerVariables(presets.softmax ?? spec, sizes, false);
    expect(() => chunked(spec, inputs)).toThrow(/the mixer has no chunked form: .*read after/);
  });

  test("a terrace has no fused form, for a reason", () => {
    const { fused } = planMixer(presets["lolcats-terrace"] ?? parseMixer({}), sizes).forms;
    expect(fused).toBe("tokens leave a terrace in blocks, and fused operators take them one by one");
  });

  test("gates need the stream's width", () => {
    const { hidden: _hidden, ...narrow } = sizes;
    expect(() => mixerParameters(presets.gla ?? parseMixer({}), narrow)).toThrow("sizes.hidden is missing");
  });

  test("a full window keeps as many keys as a sequence may have", () => {
    expect(stateLayout(parseMixer({ window: { kind: "full" } }), sizes).keys?.shape).toEqual([2, 2, 128, 8]);
  });
});

describe("a wrong spec is refused by name", () => {
  const { state, normalize, mix } = presets.lolcats ?? {};
  test.each([
    ["unknown kind", { window: { kind: "sliding", size: 64 } }],
    ["unknown key", { window: { kind: "slide", size: 64, span: 2 } }],
    ["missing size", { window: { kind: "slide" } }],
    ["wrong type", { window: { kind: "slide", size: "64" } }],
    ["nothing", {}],
    ["no mix", { window: { kind: "slide", size: 64 }, state, normalize }],
    ["needless mix", { state, normalize: { kind: "row" }, mix }],
    ["joint alone", { state, normalize }],
    ["initial out of range", { ...presets.lolcats, mix: { kind: "gamma", initial: 1 } }],
    ["no object", 3],
  ])("%s", (_name, written) => {
    expect(() => parseMixer(written, "layers.0")).toThrowErrorMatchingSnapshot();
  });

  test("a parsed spec parses to itself", () => {
    for (const spec of Object.values(presets)) expect(parseMixer(spec)).toEqual(spec);
  });
});

describe("parameters begin", () => {
  test("as the identity, also where it is not square", () => {
    const values = initialValues({ shape: [2, 3, 2], initial: { kind: "identity" } }, uniform(1));
    expect([...values]).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]);
  });

  test("as a filter's newest tap, a constant, and normal numbers", () => {
    expect([...initialValues({ shape: [2, 3], initial: { kind: "lastColumn" } }, uniform(1))]).toEqual([
      0, 0, 1, 0, 0, 1,
    ]);
    expect([...initialValues({ shape: [2], initial: { kind: "constant", value: -2.5 } }, uniform(1))]).toEqual([
      -2.5, -2.5,
    ]);
    const shape = [100, 40];
    const values = initialValues({ shape, initial: { kind: "normal", deviation: 0.5 } }, uniform(1));
    const square = values.reduce((sum, x) => sum + x * x, 0) / sizeOf(shape);
    expect(Math.sqrt(square)).toBeCloseTo(0.5, 1);
  });
});

describe("ablations", () => {
  const spec = parseMixer({ ...presets.lolcats, window: { kind: "slide", size: 4 } });
  const small = { batch: 1, heads: 2, groups: 1, length: 13, dim: 8 };

  test("the window alone is sliding-window softmax", async () => {
    const { inputs } = mixerVariables(spec, small, false);
    const alone = parseMixer({ window: { kind: "slide", size: 4 } });
    for (const form of [parallel, chunked]) {
      const made = program({
        ablated: form(spec, { ...inputs, ablation: { linear: 0 } }).output,
        alone: parallel(alone, { ...inputs, parameters: {} }).output,
      });
      const { ablated, alone: expected = [] } = await compute("float64", made, randomFeeds(made));
      expectAll({ output: ablated ?? [] }, { output: expected }, { backend: "float64", tolerance: 1e-12 });
    }
  });

  test("the state alone is what the state gives where it holds a token, and the window before that", async () => {
    const { inputs } = mixerVariables(spec, small, false);
    const pure = parseMixer({ state: presets.lolcats?.state, normalize: { kind: "row" } });
    const delayed = 4;
    const ablated = chunked(spec, { ...inputs, ablation: { window: 1e-9 } }).output;
    const late = (name: "keys" | "values") => sliceTokens(inputs[name], 0, small.length - delayed);
    const expected = parallel(pure, {
      ...inputs,
      queries: sliceTokens(inputs.queries, delayed, small.length),
      keys: late("keys"),
      values: late("values"),
    }).output;
    const made = program({
      early: sliceTokens(ablated, 0, 1),
      late: sliceTokens(ablated, delayed, small.length),
      expected,
    });
    const feeds = randomFeeds(made);
    const result = await compute("float64", made, feeds);
    expectAll({ late: result.late ?? [] }, { late: result.expected ?? [] }, { backend: "float64", tolerance: 1e-6 });
    const first = Array.from(feeds.values ?? []).slice(0, small.dim);
    expectAll(
      { early: Array.from(result.early ?? []).slice(0, small.dim) },
      { early: first },
      { backend: "float64", tolerance: 1e-12 },
    );
  });
});

describe("misuse is named", () => {
  const spec = presets.lolcats ?? parseMixer({});
  const { inputs } = mixerVariables(spec, sizes, true);
  test.each([
    ["a step of many tokens", () => step(spec, inputs)],
    ["a parameter that is not there", () => chunked(spec, { ...inputs, parameters: {} })],
    ["a state that is not there", () => chunked(spec, { ...inputs, state: {} })],
    ["keys of another length", () => chunked(spec, { ...inputs, keys: reshape(inputs.keys, [2, 2, 64, 16]) })],
    ["a step without a state", () => step(spec, { ...mixerVariables(spec, { ...sizes, length: 1 }, false).inputs })],
    ["heads that groups do not divide", () => parallel(spec, { ...inputs, queries: input("odd", [2, 3, 128, 8]) })],
  ])("%s", (_name, build) => {
    expect(build).toThrowErrorMatchingSnapshot();
  });
});

function sliceTokens(x: Value, start: number, end: number): Value {
  return slice(x, 2, start, end);
}
