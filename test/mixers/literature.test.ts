/** Presets of the literature against numbers that other code computed from the papers' formulas. */
import { describe, expect, test } from "vitest";
import { numbers, program } from "../../src/graph/index.ts";
import { chunked, type Form, type MixerSpecInput, parallel, parseMixer, presets } from "../../src/mixers/index.ts";
import { compute, expectAll } from "./harness.ts";
import { expectedOutputs } from "./literature-numbers.ts";

const shape = [1, 1, 6, 4] as const;
const wave = (step: number, start: number) =>
  numbers(
    Array.from({ length: 24 }, (_unused, index) => Math.sin(step * index + start)),
    shape,
  );
const tokens = { queries: wave(1.3, 0.1), keys: wave(0.7, 1.1), values: wave(2.1, 0.5) };

/** What the formulas leave out. */
const without: Readonly<Record<string, Partial<Record<keyof MixerSpecInput, undefined>>>> = {
  "inline-causal": { local: undefined },
};

/** Parameters of a preset's mixer, where it has any. */
const parameters: Readonly<Record<string, Readonly<Record<string, readonly [readonly number[], readonly number[]]>>>> =
  {};

const forms = { parallel, chunked } satisfies Partial<Record<Form, unknown>>;

describe.each(Object.entries(expectedOutputs))("%s equals its formula", (name, expected) => {
  test.each(Object.entries(forms))("in the %s form", async (_form, form) => {
    const preset = presets[name];
    expect(preset).toBeDefined();
    const spec = parseMixer({ ...preset, ...without[name] });
    const given = Object.entries(parameters[name] ?? {}).map(([key, [values, size]]) => [key, numbers(values, size)]);
    const { output } = form(spec, { ...tokens, parameters: Object.fromEntries(given) });
    const actual = await compute("float64", program({ output }), {});
    expectAll(actual, { output: expected }, { backend: "float64", tolerance: 1e-10 });
  });
});
