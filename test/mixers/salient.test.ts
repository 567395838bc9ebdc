/** A window that retains salient tokens, against softmax over sets of tokens that are chosen here, one query at a time. */
import { expect, test } from "vitest";
import { program } from "../../src/graph/index.ts";
import {
  chunked,
  type MixerInputs,
  parallel,
  parseMixer,
  salienceOfTokens,
  softmaxSpec,
} from "../../src/mixers/index.ts";
import { relativeError } from "../compare.ts";
import { mixerVariables, type Run, split } from "./forms.ts";
import { compute, type Numbers, randomFeeds } from "./harness.ts";

const [length, dim, hidden, groups] = [45, 4, 3, 2];
const [size, block, tokens, first, age] = [6, 4, 3, 2, 0.01];
const spec = parseMixer({ window: { kind: "salient", size, block, tokens, age, sinks: { tokens: first } } });
const sizes = { batch: 1, heads: groups, groups, length, dim, hidden };

function build(stateful: boolean, run: Run, ablation: MixerInputs["ablation"] = {}) {
  const { inputs } = mixerVariables(spec, sizes, stateful);
  return program({ output: run(spec, { ...inputs, ablation }).output });
}

/** Feeds of a whole sequence: a state, where there is one, that has seen nothing. */
function feedsOf(made: ReturnType<typeof build>): Numbers {
  const feeds = randomFeeds(made, { "state.seen": [0] });
  return Object.fromEntries(
    Object.entries(feeds).map(([name, numbers]) => [
      name,
      name.startsWith("state.") ? Array.from(numbers, () => 0) : numbers,
    ]),
  );
}

/** The places that a query sees: its own block and `size` before it, the first, and the best of the others. */
function seen(query: number, worth: (place: number) => number, retains: boolean): number[] {
  const end = Math.floor(query / block) * block - size;
  const places = Array.from({ length: query + 1 }, (_unused, place) => place);
  const left = places.filter((place) => place >= first && place < end).toSorted((a, b) => worth(b) - worth(a));
  return [...places.filter((place) => place < first || place >= end), ...(retains ? left.slice(0, tokens) : [])];
}

/** Softmax over what each query sees, written out. */
function expected({ queries, keys, values, ...feeds }: Numbers, retains: boolean): number[] {
  const [stream, weight] = [feeds["stream.hidden"] ?? [], feeds["window.salience.weight"] ?? []];
  const at = (all: ArrayLike<number> | undefined, group: number, place: number, index: number) =>
    all?.[(group * length + place) * dim + index] ?? 0;
  const across = Array.from({ length: dim }, (_unused, index) => index);
  const output: number[] = [];
  for (let group = 0; group < groups; group++) {
    const worth = (place: number) =>
      age * place +
      [0, 1, 2].reduce((sum, i) => sum + (stream[place * hidden + i] ?? 0) * (weight[i * groups + group] ?? 0), 0);
    for (let query = 0; query < length; query++) {
      const places = seen(query, worth, retains);
      const weights = places.map((place) =>
        Math.exp(
          across.reduce((sum, i) => sum + at(queries, group, query, i) * at(keys, group, place, i), 0) / dim ** 0.5,
        ),
      );
      const total = weights.reduce((sum, x) => sum + x, 0);
      for (const index of across)
        output.push(
          places.reduce((sum, place, i) => sum + (weights[i] ?? 0) * at(values, group, place, index), 0) / total,
        );
    }
  }
  return output;
}

test.each<[string, boolean, Run]>([
  ["parallel", false, parallel],
  ["chunked", false, chunked],
  ["chunked in parts", true, split(chunked, [7, 9, 30, length])],
  ["parallel in parts", true, split(parallel, [1, 20, length])],
])(
  "%s: every query sees its window, the first tokens and the most salient of the others",
  async (_name, stateful, run) => {
    for (const retains of [true, false]) {
      const made = build(stateful, run, retains ? {} : { linear: 0 });
      const feeds = feedsOf(made);
      // Salience plays no part where nothing is retained, and has no input then.
      const all = { ...feedsOf(build(stateful, run)), ...feeds };
      const { output } = await compute("float64", made, feeds);
      expect(relativeError(output ?? [], expected(all, retains))).toBeLessThan(1e-12);
    }
  },
);

test("salience is of windows that retain tokens", () => {
  const { inputs } = mixerVariables(softmaxSpec, sizes, false);
  expect(() => salienceOfTokens(softmaxSpec, inputs)).toThrow("choose one of kind salient");
});
