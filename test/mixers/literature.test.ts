/** Presets of the literature against numbers that other code computed from the papers' formulas. */
import { describe, expect, test } from "vitest";
import { absolute, negate, numbers, program, type Value } from "../../src/graph/index.ts";
import { chunked, type MixerSpecInput, parallel, parseMixer, planMixer, presets } from "../../src/mixers/index.ts";
import { compute, expectAll } from "./harness.ts";
import { expectedOutputs } from "./literature-numbers.ts";

const shape = [1, 1, 6, 4] as const;
const wave = (step: number, start: number, size: readonly number[] = shape) =>
  numbers(
    Array.from({ length: size.reduce((product, side) => product * side) }, (_unused, index) =>
      Math.sin(step * index + start),
    ),
    size,
  );
const tokens = { queries: wave(1.3, 0.1), keys: wave(0.7, 1.1), values: wave(2.1, 0.5) };

/** How a formula's mixer differs from the preset, and what it reads beside the tokens. */
interface Case {
  readonly spec?: (preset: MixerSpecInput) => MixerSpecInput;
  readonly parameters?: Readonly<Record<string, Value>>;
  readonly streams?: Readonly<Record<string, Value>>;
}

const cases: Readonly<Record<string, Case>> = {
  inline: { spec: ({ local: _local, ...rest }) => rest },
  mala: { spec: ({ local: _local, outputGate: _gate, ...rest }) => rest },
  "inline-causal": { spec: ({ local: _local, ...rest }) => rest },
  lla: { parameters: { ridge: numbers([Math.log(0.3)]) } },
  parallax: {
    spec: (preset) => ({ ...preset, state: { write: { kind: "covariance", source: "given" } } }),
    streams: { slope: wave(0.9, 0.2) },
  },
  lmu: { spec: ({ rope }) => ({ ...(rope && { rope }), state: { write: { kind: "legendre", span: 8 } } }) },
  longvq: {
    spec: () => ({ state: { featureMap: { kind: "codebook", codes: 5 } }, normalize: { kind: "row" } }),
    parameters: { "featureMap.codes": wave(0.4, 0.3, [1, 5, 4]) },
  },
  combiner: { spec: () => ({ state: { write: { kind: "block-summaries", size: 2 } } }) },
  "rpe-fft": {
    spec: (preset) => ({
      ...preset,
      state: { ...preset.state, write: { kind: "distance", span: 4, far: "transform" } },
    }),
    parameters: {
      distances: wave(1.7, 0.2, [1, 4]),
      "featureMap.queries": wave(0.5, 0.9, [1, 4, 4]),
      "featureMap.keys": wave(0.8, 0.4, [1, 4, 4]),
    },
  },
  rpe: {
    spec: (preset) => ({ ...preset, state: { ...preset.state, write: { kind: "distance", span: 4 } } }),
    parameters: {
      distances: wave(1.7, 0.2, [1, 4]),
      "featureMap.queries": wave(0.5, 0.9, [1, 4, 4]),
      "featureMap.keys": wave(0.8, 0.4, [1, 4, 4]),
    },
  },
  sea: {
    spec: () => ({ state: { write: { kind: "estimated-mask", columns: 3, top: 1 } } }),
    parameters: { estimator: wave(0.6, 0.7, [1, 8, 3]), sparseWeight: numbers([0.8]), meanWeight: numbers([-0.3]) },
  },
  sse: {
    spec: () => ({
      rope: "none",
      state: {
        featureMap: { kind: "softmax", on: "keys" },
        scale: "dim",
        decay: { kind: "given", per: "feature" },
        write: { kind: "sparse", partitions: 3, base: { kind: "add" } },
      },
    }),
    parameters: { "router.weight": wave(1.1, 0.6, [2, 3]) },
    streams: { hidden: wave(1.9, 0.3, [1, 6, 2]), decay: negate(absolute(wave(0.33, 0.8))) },
  },
};

describe.each(Object.entries(expectedOutputs))("%s equals its formula", (name, expected) => {
  test.each(Object.entries({ parallel, chunked }))("in the %s form", async (_form, form) => {
    const preset = presets[name];
    if (preset === undefined) throw new Error(`there is no preset ${name}`);
    const { spec = (same: MixerSpecInput) => same, parameters = {}, streams = {} } = cases[name] ?? {};
    const { output } = form(parseMixer(spec(preset)), { ...tokens, parameters, streams });
    const actual = await compute("float64", program({ output }), {});
    expectAll(actual, { output: expected }, { backend: "float64", tolerance: 1e-10 });
  });
});

test("every case has its numbers", () => {
  expect(Object.keys(expectedOutputs)).toEqual(expect.arrayContaining(Object.keys(cases)));
});

describe("what a rule cannot do is said", () => {
  const sizes = { batch: 1, heads: 2, groups: 1, length: 8, dim: 4, hidden: 6 };
  const decay = { kind: "constant", slopes: "retnet" } as const;
  const refused: readonly (readonly [string, NonNullable<MixerSpecInput["state"]>, string])[] = [
    ["a decay of what counts all tokens", { write: { kind: "flow" }, decay }, "it counts all tokens"],
    ["a decay of what keeps all tokens", { write: { kind: "local-linear" }, decay }, "it keeps all tokens"],
    ["a second decay of a Legendre memory", { write: { kind: "legendre" }, decay }, "matrices are its decay"],
    [
      "partitions that erase and decay cell by cell",
      { write: { kind: "sparse", base: { kind: "delta" } }, decay: { kind: "selective" } },
      "the delta rule decays rows",
    ],
  ];
  test.each(refused)("%s", (_name, state, reason) => {
    expect(() => planMixer(parseMixer({ state }), sizes)).toThrow(reason);
  });

  test("a grid is for mixers that read both ways, filters for the others", () => {
    const state = { write: { kind: "injective" } } as const;
    expect(() => parseMixer({ state, local: { kind: "grid" } })).toThrow("mixer.local: it reads later tokens");
    expect(() => parseMixer({ causal: false, state, local: { kind: "depthwise" } })).toThrow("mixer.local");
  });

  test("local linear attention is not linear in the length, and says so", () => {
    const { forms } = planMixer(presets.lla ?? parseMixer({}), sizes);
    expect(forms.fused).toContain("grows with the square of the length");
  });
});
