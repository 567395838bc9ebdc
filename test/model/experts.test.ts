/** Mixtures of experts against a loop over tokens and their experts, in float64. */
import { describe, expect, test } from "vitest";
import { layerShapes, type Mlp } from "../../src/families/index.ts";
import llama from "../../src/families/known/llama.ts";
import { input, program, type Shape, sizeOf } from "../../src/graph/index.ts";
import { expertsOutput } from "../../src/model/experts.ts";
import { weightInputs } from "../../src/model/projection.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { interpret, reference } from "../../src/runtime/reference/interpret.ts";
import { normals } from "../random.ts";

const [batch, length, hidden, size, count, shared] = [2, 7, 6, 5, 4, 3];

type Tensors = Readonly<Record<string, { readonly shape: Shape; readonly data: Float64Array }>>;
type Experts = NonNullable<Mlp["experts"]>;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The product of a matrix `[out, in]`, the one of so many that lie one behind another, with a vector. */
function product({ shape, data }: Tensors[string], vector: readonly number[], which = 0): number[] {
  const [height = 1, width = 1] = shape.slice(-2);
  const at = (row: number, column: number) => data[which * height * width + row * width + column] ?? Number.NaN;
  return Array.from({ length: height }, (_unused, row) =>
    vector.reduce((sum, x, column) => sum + x * at(row, column), 0),
  );
}

const tensor = (tensors: Tensors, name: string) => {
  const found = tensors[name];
  if (found === undefined) throw new Error(`no tensor ${name}`);
  return found;
};

/** A gated MLP with SiLU. */
function gated(tensors: Tensors, kind: "expert" | "shared", x: readonly number[], which = 0): number[] {
  const [gate, up] = ["Gate", "Up"].map((name) => product(tensor(tensors, kind + name), x, which));
  const inner = (gate ?? []).map((value, place) => value * sigmoid(value) * (up?.[place] ?? Number.NaN));
  return product(tensor(tensors, `${kind}Down`), inner, which);
}

/** What one token's experts give it. */
function loop(tensors: Tensors, experts: Experts, x: readonly number[]): number[] {
  const scores = product(tensor(tensors, "router"), x);
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  const chances = scores.map((score) => Math.exp(score) / total);
  const best = [...chances.keys()].sort((left, right) => (chances[right] ?? 0) - (chances[left] ?? 0));
  const chosen = best.slice(0, experts.chosen);
  const whole = experts.normalized ? chosen.reduce((sum, which) => sum + (chances[which] ?? 0), 0) : 1;
  const parts = chosen.map((which) => {
    const share = (chances[which] ?? 0) / whole;
    return gated(tensors, "expert", x, which).map((value) => share * value);
  });
  if (experts.shared) {
    const [gate = 0] = experts.shared.switched ? product(tensor(tensors, "sharedSwitch"), x).map(sigmoid) : [1];
    parts.push(gated(tensors, "shared", x).map((value) => gate * value));
  }
  return x.map((_unused, place) => parts.reduce((sum, part) => sum + (part[place] ?? Number.NaN), 0));
}

const kinds: Readonly<Record<string, Partial<Experts>>> = {
  "one of four": { chosen: 1 },
  "two of four": {},
  "two of four, normalized": { normalized: true },
  "all of four": { chosen: 4 },
  "two of four beside a shared one": { shared: { size: shared, switched: false } },
  "two of four, normalized, beside a shared one with a switch": {
    normalized: true,
    shared: { size: shared, switched: true },
  },
};

describe("experts", () => {
  test.each(Object.entries(kinds))("%s", async (_name, kind) => {
    const experts: Experts = { count, chosen: 2, normalized: false, ...kind };
    const mlp: Mlp = { size, gated: true, activation: "silu", experts };
    const [block] = llama.config.parse({
      ...{ hidden_size: hidden, intermediate_size: size, num_hidden_layers: 1, num_attention_heads: 1, vocab_size: 5 },
    }).blocks;
    if (block === undefined) throw new Error("a model without blocks");
    const shapes = new Map(
      [...layerShapes({ ...block, mlp })].filter(([role]) => /^(router|expert|shared)/.test(role)),
    );
    const tensors: Tensors = Object.fromEntries(
      [...shapes].map(([role, shape], seed) => [role, { shape, data: normals(sizeOf(shape), seed + 1) }]),
    );
    const x = normals(batch * length * hidden, 99);
    const expected = Array.from({ length: batch * length }, (_unused, token) =>
      loop(tensors, experts, [...x.subarray(token * hidden, (token + 1) * hidden)]),
    ).flat();

    const shape = [batch, length, hidden];
    const mixture = program({ y: expertsOutput(input("x", shape), weightInputs(shapes), mlp, experts) });
    const feeds = { ...tensors, x: { shape, data: x } };
    const exact = interpret(
      mixture,
      Object.fromEntries(Object.entries(feeds).map(([name, each]) => [name, reference(each.shape, each.data)])),
    );
    const engine = createEngine({ threads: 1 });
    const compiled = await engine.compile(mixture);
    const run = await compiled.run(
      Object.fromEntries(
        Object.entries(feeds).map(([name, each]) => [name, floats(each.shape, Float32Array.from(each.data))]),
      ),
    );
    await engine.release();
    const single = run.y.data;
    expected.forEach((value, place) => {
      expect(exact.y.data[place]).toBeCloseTo(value, 10);
      expect(Number(single[place])).toBeCloseTo(value, 4);
    });
  });
});
