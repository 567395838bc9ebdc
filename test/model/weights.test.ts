/** Loading is strict: every tensor is used or named, and has the shape the configuration asks for. */
import { expect, test } from "vitest";
import { blockOf, layerShapes, layerTensorName, modelShapes } from "../../src/families/index.ts";
import llama from "../../src/families/known/llama.ts";
import type { TensorSource } from "../../src/formats/tensor.ts";
import { namedWeights } from "../../src/model/name-weights.ts";
import { readWeights } from "../../src/model/read-weights.ts";

const architecture = llama.config.parse({
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  vocab_size: 5,
  tie_word_embeddings: true,
});

/** A source of zeros with the architecture's tensors, changed by `change`. */
function source(change: (shapes: Map<string, readonly number[]>) => void = () => {}): TensorSource {
  const shapes = new Map<string, readonly number[]>();
  for (const [role, shape] of modelShapes(architecture)) shapes.set(llama.tensors.model[role] ?? "", shape);
  for (let layer = 0; layer < 2; layer++) {
    for (const [role, shape] of layerShapes(blockOf(architecture, 0)))
      shapes.set(layerTensorName(llama.tensors.layer[role] ?? "", layer), shape);
  }
  change(shapes);
  const size = (name: string) => (shapes.get(name) ?? []).reduce((product, dimension) => product * dimension, 1);
  return {
    path: "FILE",
    metadata: new Map(),
    names: () => [...shapes.keys()],
    has: (name) => shapes.has(name),
    info: (name) => ({ name, dtype: "F32", shape: shapes.get(name) ?? [], bytes: 4 * size(name) }),
    readFloat32: (name) => new Float32Array(size(name)),
    readRaw: (name) => new Uint8Array(4 * size(name)),
    close: () => {},
  };
}

test("weights are read by role, a tied head is the embedding, and all are named again", () => {
  const weights = readWeights(source(), llama.tensors, architecture);
  expect(weights.head).toBe(weights.embedding);
  expect(weights.layers[1]?.down?.shape).toEqual([8, 12]);
  const names = namedWeights(weights, llama.tensors, architecture).map(([name]) => name);
  expect(names.toSorted()).toEqual(source().names().toSorted());
});

test.each([
  ["a missing tensor", (shapes: Map<string, readonly number[]>) => shapes.delete("model.layers.1.mlp.up_proj.weight")],
  ["a wrong shape", (shapes: Map<string, readonly number[]>) => shapes.set("model.norm.weight", [9])],
  ["a stranger", (shapes: Map<string, readonly number[]>) => shapes.set("model.layers.0.self_attn.q_norm.weight", [4])],
  [
    "more layers than the configuration has",
    (shapes: Map<string, readonly number[]>) => shapes.set("model.layers.2.mlp.up_proj.weight", [12, 8]),
  ],
])("%s is refused by name", (_name, change) => {
  expect(() =>
    readWeights(
      source((shapes) => void change(shapes)),
      llama.tensors,
      architecture,
    ),
  ).toThrowErrorMatchingSnapshot();
});

test("tensors that repeat the configuration, and a tied head's copy, are passed over", () => {
  const spare = source((shapes) => {
    shapes.set("model.layers.0.self_attn.rotary_emb.inv_freq", [2]);
    shapes.set("lm_head.weight", [5, 8]);
  });
  expect(() => readWeights(spare, llama.tensors, architecture)).not.toThrow();
});
