/** Feature maps against the kernels they stand for, computed pair by pair. */
import { describe, test } from "vitest";
import { program } from "../../src/graph/index.ts";
import { chunked, initialValues, mixerParameters, parseMixer, presets } from "../../src/mixers/index.ts";
import { uniform } from "../random.ts";
import { mixerVariables } from "./forms.ts";
import { compute, expectAll, randomFeeds } from "./harness.ts";

const sizes = { batch: 1, heads: 2, groups: 2, length: 19, dim: 8 };

type Vectors = (token: number) => number[];

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, index) => sum + x * (b[index] ?? 0), 0);

/** The causal mean of values by the weights of pairs, head by head. */
function means(weight: (query: number[], key: number[], i: number, j: number) => number, feeds: Feeds): number[] {
  const result: number[] = [];
  const { heads, length, dim } = sizes;
  const vectors =
    (name: string, head: number): Vectors =>
    (token) =>
      Array.from(feeds[name] ?? []).slice((head * length + token) * dim, (head * length + token + 1) * dim);
  for (let head = 0; head < heads; head++) {
    const [queries, keys, values] = ["queries", "keys", "values"].map((name) => vectors(name, head)) as [
      Vectors,
      Vectors,
      Vectors,
    ];
    for (let i = 0; i < length; i++) {
      const weights = Array.from({ length: i + 1 }, (_unused, j) => weight(queries(i), keys(j), i, j));
      const total = weights.reduce((a, b) => a + b);
      for (let column = 0; column < dim; column++)
        result.push(weights.reduce((sum, w, j) => sum + w * (values(j)[column] ?? 0), 0) / total);
    }
  }
  return result;
}

type Feeds = Readonly<Record<string, ArrayLike<number>>>;

async function outputs(name: string, given: Feeds = {}): Promise<{ actual: ArrayLike<number>; feeds: Feeds }> {
  const spec = presets[name] ?? parseMixer({});
  const made = program({ output: chunked(spec, mixerVariables(spec, sizes, false).inputs).output });
  const feeds = randomFeeds(made, given);
  const { output = [] } = await compute("float64", made, feeds);
  return { actual: output, feeds };
}

describe("feature maps are their kernels", () => {
  test("cosFormer: rectified products that fade with distance", async () => {
    const { actual, feeds } = await outputs("cosformer");
    const relu = (x: readonly number[]) => x.map((number) => Math.max(number, 0));
    const fade = (i: number, j: number) => Math.cos((Math.PI * (i - j)) / (2 * 4096));
    // Without the spec's epsilon.
    const expected = means((q, k, i, j) => dot(relu(q), relu(k)) * fade(i, j), feeds);
    expectAll({ actual }, { actual: expected }, { backend: "float64", tolerance: 1e-5 });
  });

  test("Performer: many random features come near the softmax, whose kernel they estimate", async () => {
    const spec = parseMixer({
      state: { featureMap: { kind: "random", count: 4096 } },
      normalize: { kind: "row" },
    });
    const directions = mixerParameters(spec, sizes)["featureMap.directions"];
    if (directions === undefined) throw new Error("random features have directions");
    const made = program({ output: chunked(spec, mixerVariables(spec, sizes, false).inputs).output });
    const drawn = randomFeeds(made, { "featureMap.directions": initialValues(directions, uniform(3)) });
    // The estimate's variance grows with the exponential of the vectors' lengths.
    const short = (name: string) => Array.from(drawn[name] ?? [], (x) => 0.3 * x);
    const feeds = { ...drawn, queries: short("queries"), keys: short("keys") };
    const { output = [] } = await compute("float64", made, feeds);
    const expected = means((q, k) => Math.exp(dot(q, k) / Math.sqrt(sizes.dim)), feeds);
    expectAll({ output }, { output: expected }, { backend: "float64", tolerance: 0.05 });
  });
});

test("random directions are orthogonal in blocks", () => {
  const dim = 6;
  const values = initialValues({ shape: [2 * dim, dim], initial: { kind: "orthogonal" } }, uniform(1));
  const row = (index: number) => Array.from(values.slice(index * dim, (index + 1) * dim));
  const products = Array.from({ length: dim * dim }, (_unused, index) => {
    const [a, b] = [row(dim + Math.floor(index / dim)), row(dim + (index % dim))];
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  });
  const identity = products.map((_product, index) => Number(index % (dim + 1) === 0));
  expectAll({ products }, { products: identity }, { backend: "float64", tolerance: 1e-6 });
});
