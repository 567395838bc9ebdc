/** Gradients of mixers against central differences in float64, those written by hand first of all. */
import { describe, test } from "vitest";
import type { Value } from "../../src/graph/index.ts";
import { chunked, parseMixer } from "../../src/mixers/index.ts";
import { declareMixer, type MixerSpec } from "../../src/mixers/spec.ts";
import { weightedMean } from "../../src/mixers/weighted-mean.ts";
import { checkGradients } from "../graph/check.ts";

/** An input of the case: there are as many as shapes. */
function given(value: Value | undefined): Value {
  if (value === undefined) throw new Error("an input is missing");
  return value;
}

function term(numerator: Value | undefined, denominator: Value | undefined, weight: Value | undefined) {
  return { numerator: given(numerator), denominator: given(denominator), weight: given(weight) };
}

const [batch, heads, groups, length, dim] = [1, 2, 1, 7, 4] as const;

function hybrid(activation: "softmax" | "exp", affine: boolean): MixerSpec {
  return parseMixer({
    window: { kind: "slide", size: 3 },
    state: { featureMap: { kind: "hedgehog", activation }, read: { kind: "outside-window" } },
    normalize: { kind: "joint" },
    mix: { kind: "gamma", affine },
  });
}

const map = [heads, dim, dim];
const queries = [batch, heads, length, dim];
const keys = [batch, groups, length, dim];

describe("gradients equal central differences", () => {
  test("of the weighted mean, also where denominators and weights repeat", () => {
    checkGradients({
      shapes: [
        [1, 2, 3, 4],
        [1, 2, 3, 1],
        [1, 2, 1, 1],
        [1, 2, 3, 4],
        [1, 2, 3, 1],
        [1, 2, 3, 1],
      ],
      build: (n, c, a, m, d, b) => weightedMean(term(n, c, a), term(m, d, b)),
      domain: (x) => Math.abs(x) + 0.1,
    });
  });

  test.each(["softmax", "exp"] as const)("of Hedgehog features of the %s kind", (activation) => {
    const { state } = declareMixer(hybrid(activation, false));
    if (state === undefined) throw new Error("the mixer has a state");
    checkGradients({
      shapes: [queries, map],
      build: (x, learned) => state.featureMap.queries(given(x), { "featureMap.queries": given(learned) }),
    });
  });

  test.each([
    ["softmax features", hybrid("softmax", false)],
    ["exponential features, affine", hybrid("exp", true)],
  ])("of a whole mixer with %s", (_name, spec) => {
    checkGradients({
      shapes: [queries, keys, keys, map, map, [heads]],
      build: (q, k, v, mapOfQueries, mapOfKeys, windowFactor) =>
        chunked(spec, {
          queries: given(q),
          keys: given(k),
          values: given(v),
          parameters: {
            "featureMap.queries": given(mapOfQueries),
            "featureMap.keys": given(mapOfKeys),
            windowFactor: given(windowFactor),
          },
        }).output,
    });
  });

  test("of a window with first tokens, learned scores and a state", () => {
    const spec = parseMixer({
      window: { kind: "slide", size: 3, sinks: { tokens: 2, logits: 2 } },
      state: { featureMap: { kind: "elu" } },
      normalize: { kind: "joint" },
      mix: { kind: "sum" },
    });
    checkGradients({
      shapes: [queries, keys, keys, [heads, 2]],
      build: (q, k, v, sinks) =>
        chunked(spec, {
          queries: given(q),
          keys: given(k),
          values: given(v),
          parameters: { "window.sinks": given(sinks) },
        }).output,
    });
  });

  test("of keys that fade in a dilated window", () => {
    const spec = parseMixer({ window: { kind: "dilated", size: 2, stride: 2, decay: { kind: "given", per: "head" } } });
    checkGradients({
      shapes: [queries, keys, keys, [batch, heads, length, 1]],
      build: (q, k, v, decay) =>
        chunked(spec, {
          queries: given(q),
          keys: given(k),
          values: given(v),
          streams: { "window.decay": given(decay) },
          parameters: {},
        }).output,
    });
  });
});
