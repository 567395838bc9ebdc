/** A projection with a factor is one whose weights were multiplied by it. */
import { expect, test } from "vitest";
import { input, program } from "../../src/graph/index.ts";
import { chunked, type MixerSpec, mixerParameters, parseMixer, presets } from "../../src/mixers/index.ts";
import { relativeError } from "../compare.ts";
import { normals } from "../random.ts";
import { compute, type Numbers } from "./harness.ts";

const sizes = { batch: 1, heads: 4, groups: 4, length: 20, dim: 6, hidden: 10 };
const [decay, gate] = [0.7, 1.3];

function withFactors(): MixerSpec {
  const { state, outputGate, ...rest } = presets.mamba2 ?? {};
  return parseMixer({
    ...rest,
    state: { ...state, decay: { ...state?.decay, factor: decay } },
    outputGate: { ...outputGate, factor: gate },
  });
}

function output(spec: MixerSpec) {
  const { batch, heads, length, dim, hidden } = sizes;
  const parameters = Object.entries(mixerParameters(spec, sizes)).map(([name, { shape }]) => [
    name,
    input(name, shape),
  ]);
  const tokens = (name: string) => input(name, [batch, heads, length, dim]);
  return program({
    output: chunked(spec, {
      ...{ queries: tokens("queries"), keys: tokens("keys"), values: tokens("values") },
      streams: { hidden: input("hidden", [batch, length, hidden]) },
      parameters: Object.fromEntries(parameters),
    }).output,
  });
}

test("of step sizes and of the output's gate", async () => {
  const plain = parseMixer(presets.mamba2);
  const made = output(plain);
  let seed = 1;
  const feeds: Record<string, number[]> = {};
  for (const [name, { shape }] of made.inputs)
    feeds[name] = [
      ...normals(
        shape.reduce((a, b) => a * b, 1),
        seed++,
        0.5,
      ),
    ];
  const scaled: Numbers = {
    ...feeds,
    "decay.weight": (feeds["decay.weight"] ?? []).map((x) => x * decay),
    "outputGate.weight": (feeds["outputGate.weight"] ?? []).map((x) => x * gate),
  };
  const [actual, expected, other] = [
    await compute("float64", output(withFactors()), feeds),
    await compute("float64", made, scaled),
    await compute("float64", made, feeds),
  ];
  expect(relativeError(actual.output ?? [], expected.output ?? [])).toBeLessThan(1e-12);
  expect(relativeError(other.output ?? [], expected.output ?? [])).toBeGreaterThan(0.01);
});
