/** The recurrent part's share against the weights of every key, and against both branches built as mixers of their own. */
import { describe, expect, test } from "vitest";
import { program } from "../../src/graph/index.ts";
import { linearShares, type MixerSpec, parallel, parseMixer, presets } from "../../src/mixers/index.ts";
import { mixerVariables } from "./forms.ts";
import { compute, type Numbers, randomFeeds } from "./harness.ts";

// As many dimensions as tokens: values that are one-hot show the weight of every key.
const length = 12;
const sizes = { batch: 1, heads: 2, groups: 1, length, dim: length, hidden: 6 };

const both = Object.entries(presets).filter(([, spec]) => spec.window !== undefined && spec.state !== undefined);

/** The preset with a window that the tokens outgrow. */
function narrow(spec: MixerSpec): MixerSpec {
  return parseMixer({ ...spec, window: { ...spec.window, size: 4 } });
}

async function run(spec: MixerSpec, made: (inputs: ReturnType<typeof mixerVariables>["inputs"]) => object, feeds = {}) {
  const { inputs } = mixerVariables(spec, sizes, false);
  const built = program(made(inputs) as Parameters<typeof program>[0]);
  const given = randomFeeds(built, feeds);
  return { given, results: await compute("float64", built, given) };
}

const rows = (x: ArrayLike<number> = [], width = length) =>
  Array.from({ length: x.length / width }, (_unused, row) => Array.from(x).slice(row * width, (row + 1) * width));

const norm = (x: readonly number[]) => Math.hypot(...x);

describe("each preset with a window and a state", () => {
  test("is here", () => {
    expect(both.map(([name]) => name)).toEqual(expect.arrayContaining(["lolcats", "lizard", "liger-gla", "longvq"]));
  });

  const joint = both.filter(([, { normalize }]) => normalize.kind === "joint");
  test.each(joint)("%s: the share is the weight of the keys outside the window", async (_name, preset) => {
    const spec = narrow(preset);
    const identity = Array.from({ length: length ** 2 }, (_unused, i) => (i % (length + 1) === 0 ? 1 : 0));
    const { results } = await run(
      spec,
      (inputs) => ({
        share: linearShares(spec, inputs),
        output: parallel(spec, inputs).output,
        window: parallel(spec, { ...inputs, ablation: { linear: 0 } }).output,
      }),
      { values: identity },
    );
    const seen = rows(results.window);
    const expected = rows(results.output).map((weights, row) =>
      weights.reduce((sum, weight, key) => sum + (seen[row]?.[key] === 0 ? weight : 0), 0),
    );
    expect(Math.max(...expected)).toBeGreaterThan(0.05);
    expect(Math.min(...expected)).toBe(0);
    expectClose(results.share, expected);
  });

  const apart = both.filter(([, { normalize }]) => normalize.kind !== "joint");
  test.each(apart)("%s: the share is that of the branches' norms", async (_name, preset) => {
    const spec = narrow(preset);
    const { state: _state, mix: _mix, outputNorm: _norm, outputGate: _gate, ...windowOnly } = spec;
    const { window: _window, mix: _again, outputNorm: _n, outputGate: _g, ...stateOnly } = spec;
    const { results, given } = await run(spec, (inputs) => ({
      share: linearShares(spec, inputs),
      window: parallel(windowOnly, inputs).output,
      state: parallel(stateOnly, inputs).output,
    }));
    const [windows, states] = [rows(results.window), rows(results.state)];
    const expected = windows.map((row, index) => {
      const [a, b] = mixOf(spec, given, Math.floor(index / length));
      const [w, s] = [Math.abs(a) * norm(row), Math.abs(b) * norm(states[index] ?? [])];
      return s / (w + s);
    });
    expectClose(results.share, expected);
  });
});

/** The weights of window and state of a head: constants, or by the parameter that the mix has. */
function mixOf({ mix }: MixerSpec, given: Numbers, head: number): [number, number] {
  const of = (name: string) => given[name]?.[head] ?? Number.NaN;
  if (mix?.kind === "sum") return [mix.window, mix.linear];
  if (given.windowWeight !== undefined) return [of("windowWeight"), 1];
  if (given.stateWeight !== undefined) return [1, of("stateWeight")];
  if (mix?.kind === "added") return [1, given.stateWeight?.[head] ?? Number.NaN];
  const gamma = 1 / (1 + Math.exp(-of("windowFactor")));
  return [gamma, mix !== undefined && "affine" in mix && mix.affine ? 1 - gamma : 1];
}

function expectClose(actual: ArrayLike<number> = [], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const apart = expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN)));
  expect(Math.max(...apart)).toBeLessThan(1e-6);
}

test("a mixer without both parts has no share", async () => {
  const spec = parseMixer({ state: {} });
  await expect(run(spec, (inputs) => ({ share: linearShares(spec, inputs) }))).rejects.toThrow("has not both");
});

test("norms and gates of the output do not hide the branches' sizes", async () => {
  const base = {
    window: { kind: "slide", size: 4 },
    state: { featureMap: { kind: "elu" } },
    normalize: { kind: "row" },
    mix: { kind: "sum", window: 0.75, linear: 0.25 },
  } as const;
  const [bare, normed] = [
    parseMixer(base),
    parseMixer({ ...base, outputNorm: { kind: "rms" }, outputGate: { kind: "projected" } }),
  ];
  const share = async (spec: MixerSpec) =>
    (await run(spec, (inputs) => ({ share: linearShares(spec, inputs) }))).results.share;
  expectClose(await share(normed), Array.from((await share(bare)) ?? []));
});
