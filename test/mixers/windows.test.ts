/** Windows against softmax over explicit lists of keys, in plain loops. */
import { describe, expect, test } from "vitest";
import { program, type Value } from "../../src/graph/index.ts";
import { chunked, type MixerSpecInput, parallel, parseMixer, planMixer } from "../../src/mixers/index.ts";
import { mixerVariables, runs, split } from "./forms.ts";
import { compute, expectAll, type Numbers, randomFeeds } from "./harness.ts";

const [length, heads, dim] = [61, 2, 8];
const sizes = { batch: 1, heads, groups: 1, length, dim, hidden: 6 };

/** What a query of a head sees. */
interface Expected {
  sees(query: number, key: number, feeds: Numbers, head: number): boolean;
  /** Added to the score. */
  bias?(query: number, key: number, feeds: Numbers, head: number): number;
  /** Scores without a value. */
  sinks?: number;
}

function attention(feeds: Numbers, { sees, bias, sinks = 0 }: Expected): number[] {
  const at = (name: string, row: number) => Array.from(feeds[name] ?? []).slice(row * dim, (row + 1) * dim);
  const output: number[] = [];
  for (let head = 0; head < heads; head++) {
    const logits = Array.from(feeds["window.sinks"] ?? []).slice(head * sinks, (head + 1) * sinks);
    for (let query = 0; query < length; query++) {
      const q = at("queries", head * length + query);
      const sum = new Array<number>(dim).fill(0);
      let total = logits.reduce((all, logit) => all + Math.exp(logit), 0);
      for (let key = 0; key < length; key++) {
        if (!sees(query, key, feeds, head)) continue;
        const score = at("keys", key).reduce((all, x, index) => all + x * (q[index] ?? 0), 0) / Math.sqrt(dim);
        const weight = Math.exp(score + (bias?.(query, key, feeds, head) ?? 0));
        total += weight;
        at("values", key).forEach((x, index) => {
          sum[index] = (sum[index] ?? 0) + weight * x;
        });
      }
      output.push(...sum.map((x) => x / total));
    }
  }
  return output;
}

const causal = (query: number, key: number) => key <= query;

/** Σ log σ(hidden · weight) over the tokens after the key, up to the query. */
function faded(query: number, key: number, feeds: Numbers, head: number): number {
  let sum = 0;
  for (let token = key + 1; token <= query; token++) {
    let x = 0;
    for (let index = 0; index < 6; index++)
      x +=
        (feeds["stream.hidden"]?.[token * 6 + index] ?? 0) *
        (feeds["window.decay.weight"]?.[index * heads + head] ?? 0);
    sum -= Math.log(1 + Math.exp(-x));
  }
  return sum;
}

const square = (x: number) => x * x;

/** A disc on a grid of 7 columns behind 3 tokens of text. */
function onDisc(query: number, key: number): boolean {
  if (query < 3 || key < 3) return true;
  const [q, k] = [query - 3, key - 3];
  return square(Math.floor(q / 7) - Math.floor(k / 7)) + square((q % 7) - (k % 7)) < square(2.5);
}

const cases: Readonly<Record<string, readonly [MixerSpecInput, Expected]>> = {
  "first tokens and the newest": [
    { window: { kind: "slide", size: 5, sinks: { tokens: 3 } } },
    { sees: (query, key) => causal(query, key) && (key < 3 || query - key < 5) },
  ],
  "learned scores": [
    { window: { kind: "slide", size: 5, sinks: { logits: 3 } } },
    { sees: (query, key) => causal(query, key) && query - key < 5, sinks: 3 },
  ],
  "learned scores beside all keys": [{ window: { kind: "full", sinks: { logits: 1 } } }, { sees: causal, sinks: 1 }],
  "every third key": [
    { window: { kind: "dilated", size: 4, stride: 3 } },
    { sees: (query, key) => causal(query, key) && query - key < 12 && (query - key) % 3 === 0 },
  ],
  "own block, the one before and the first": [
    { window: { kind: "terrace", size: 6, align: "start", sinks: { tokens: 6 } } },
    { sees: (query, key) => causal(query, key) && (key < 6 || Math.floor(query / 6) - Math.floor(key / 6) < 2) },
  ],
  "keys that fade": [
    { window: { kind: "full", decay: { kind: "sigmoid", per: "head" } } },
    { sees: causal, bias: faded },
  ],
  "keys that fade in a sliding window": [
    { window: { kind: "slide", size: 7, decay: { kind: "sigmoid", per: "head" } } },
    { sees: (query, key) => causal(query, key) && query - key < 7, bias: faded },
  ],
  "chosen blocks": [
    { window: { kind: "selected", size: 8, count: 2 } },
    {
      sees: (query, key, feeds, head) => {
        const chosen = [0, 1].map((index) => feeds["stream.blocks"]?.[(head * length + query) * 2 + index] ?? -1);
        const block = Math.floor(key / 8);
        return causal(query, key) && (block === Math.floor(query / 8) || chosen.includes(block));
      },
    },
  ],
  "all tokens, both ways": [{ causal: false, window: { kind: "full" } }, { sees: () => true }],
  "neighbours, both ways": [
    { causal: false, window: { kind: "slide", size: 5, sinks: { tokens: 2, logits: 1 } } },
    { sees: (query, key) => key < 2 || Math.abs(query - key) < 5, sinks: 1 },
  ],
  "every third neighbour, both ways": [
    { causal: false, window: { kind: "dilated", size: 4, stride: 3 } },
    { sees: (query, key) => Math.abs(query - key) < 12 && (query - key) % 3 === 0 },
  ],
  "neighbouring blocks, both ways": [
    { causal: false, window: { kind: "terrace", size: 6, align: "start" } },
    { sees: (query, key) => Math.abs(Math.floor(query / 6) - Math.floor(key / 6)) < 2 },
  ],
  "discs on a grid behind text": [
    { causal: false, window: { kind: "disc", rows: 9, columns: 7, radius: 2.5, text: 3 } },
    { sees: onDisc },
  ],
};

describe("every form sees the keys that are listed", () => {
  test.each(Object.entries(cases))("%s", async (_name, [written, expected]) => {
    const spec = parseMixer(written);
    const { forms } = planMixer(spec, sizes);
    const inputs = mixerVariables(spec, sizes, false).inputs;
    const { inputs: stateful } = mixerVariables(spec, sizes, spec.causal);
    const outputs: Record<string, Value> = {
      parallel: parallel(spec, inputs).output,
      chunked: chunked(spec, inputs).output,
      ...(forms.step === undefined && { steps: runs.step(spec, stateful).output }),
      ...(spec.causal && { split: split(chunked, [2, 31, length])(spec, stateful).output }),
    };
    const made = program(outputs);
    const random = randomFeeds(made, { "state.seen": [0] });
    const empty = Object.entries(random).map(([name, numbers]): [string, ArrayLike<number>] => {
      if (name === "stream.blocks") return [name, Array.from(numbers, (x) => Math.round(4 * x))];
      return [name, name.startsWith("state.") ? Array.from(numbers, () => 0) : numbers];
    });
    const feeds = Object.fromEntries(empty);
    const actual = await compute("float64", made, feeds);
    const numbers = attention(feeds, expected);
    const wanted = Object.fromEntries(Object.keys(outputs).map((name) => [name, numbers]));
    expectAll(actual, wanted, { backend: "float64", tolerance: 1e-10 });
  });

  test("an additive state both ways is one matrix for all queries", async () => {
    const spec = parseMixer({ causal: false, state: { featureMap: { kind: "elu" } }, normalize: { kind: "row" } });
    const { inputs } = mixerVariables(spec, sizes, false);
    const made = program({ parallel: parallel(spec, inputs).output, chunked: chunked(spec, inputs).output });
    const feeds = randomFeeds(made);
    const phi = (x: number) => (x > 0 ? 1 + x : Math.exp(x));
    const row = (name: string, index: number) => Array.from(feeds[name] ?? []).slice(index * dim, (index + 1) * dim);
    const output: number[] = [];
    for (let query = 0; query < heads * length; query++) {
      const weights = Array.from({ length }, (_unused, key) =>
        row("queries", query).reduce((sum, x, index) => sum + phi(x) * phi(row("keys", key)[index] ?? 0), 0),
      );
      const total = weights.reduce((sum, x) => sum + x, 0);
      for (let index = 0; index < dim; index++)
        output.push(weights.reduce((sum, x, key) => sum + (x * (row("values", key)[index] ?? 0)) / total, 0));
    }
    const actual = await compute("float64", made, feeds);
    expectAll(actual, { parallel: output, chunked: output }, { backend: "float64", tolerance: 1e-10 });
  });
});

describe("what a window cannot be is refused by name", () => {
  const additive = { featureMap: { kind: "elu" } } as const;
  const mixed = { mix: { kind: "sum" }, normalize: { kind: "row" } } as const;
  test.each<readonly [string, unknown]>([
    ["a disc read forwards", { window: { kind: "disc", rows: 4, columns: 4, radius: 2 } }],
    ["keys that fade both ways", { causal: false, window: { kind: "full", decay: { kind: "step" } } }],
    ["chosen blocks, both ways", { causal: false, window: { kind: "selected", size: 4, count: 2 } }],
    ["blocks that end with the call, both ways", { causal: false, window: { kind: "terrace", size: 4 } }],
    ["a decay both ways", { causal: false, state: { ...additive, decay: { kind: "step" } } }],
    ["a delta rule both ways", { causal: false, state: { ...additive, write: { kind: "delta" } } }],
    ["a state before its token, both ways", { causal: false, state: { ...additive, read: { kind: "before" } } }],
    [
      "tokens that wait, both ways",
      {
        causal: false,
        window: { kind: "slide", size: 4 },
        state: { ...additive, read: { kind: "outside-window" } },
        ...mixed,
      },
    ],
    ["filters both ways", { causal: false, state: additive, convolution: { kind: "depthwise" } }],
    [
      "a state outside a dilated window",
      {
        window: { kind: "dilated", size: 4, stride: 2 },
        state: { ...additive, read: { kind: "outside-window" } },
        ...mixed,
      },
    ],
    ["sinks that stay and keys that fade", { window: { kind: "full", decay: { kind: "step" }, sinks: { tokens: 2 } } }],
    ["a decay of more than one factor", { window: { kind: "full", decay: { kind: "step", per: "feature" } } }],
    ["no radius", { causal: false, window: { kind: "disc", rows: 4, columns: 4, radius: 0 } }],
  ])("%s", (_name, written) => {
    expect(() => parseMixer(written, "layers.0")).toThrowErrorMatchingSnapshot();
  });

  test("forms that need an order, and states, of a mixer that reads both ways", () => {
    const spec = parseMixer({ causal: false, window: { kind: "full" } });
    const { forms, state } = planMixer(spec, sizes);
    expect(state).toEqual({});
    expect(forms.step).toBe("a mixer that reads both ways needs the whole sequence");
    expect(forms.fused).toBe(forms.step);
    const { inputs } = mixerVariables(spec, sizes, false);
    expect(() => chunked(spec, { ...inputs, state: {} })).toThrow("carries no state");
  });

  test("more tokens than a grid has places", () => {
    const spec = parseMixer({ causal: false, window: { kind: "disc", rows: 4, columns: 5, radius: 2, text: 3 } });
    const { inputs } = mixerVariables(spec, { ...sizes, length: 24 }, false);
    expect(() => parallel(spec, inputs)).toThrow("24 tokens do not fit 3 tokens of text and a grid of 4 × 5");
  });
});
