/** Configurations of the Llama family: both spellings, every rotary scaling, and refusals that name the field. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { blockOf, layerShapes, parameterCount, ropeTables } from "../../src/families/index.ts";
import llama from "../../src/families/known/llama.ts";

const base = {
  model_type: "llama",
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49152,
  tie_word_embeddings: true,
};

describe("a configuration", () => {
  test("of SmolLM2-135M counts its parameters", () => {
    const architecture = llama.config.parse(base);
    expect(parameterCount(architecture)).toBe(134_515_008);
    expect(architecture.blocks[0]?.headDim).toBe(64);
  });

  test("with biases has their weights", () => {
    const roles = [
      ...layerShapes(blockOf(llama.config.parse({ ...base, attention_bias: true, mlp_bias: true }), 0)).keys(),
    ];
    expect(roles).toContain("valuesBias");
    expect(roles).toContain("downBias");
  });

  test.each([
    [
      { rope_theta: 5e5, rope_scaling: { type: "linear", factor: 4 } },
      { rope_parameters: { rope_type: "linear", rope_theta: 5e5, factor: 4 } },
    ],
    [
      { rope_theta: 1e4, rope_scaling: { rope_type: "yarn", factor: 4, original_max_position_embeddings: 32 } },
      { rope_parameters: { rope_type: "yarn", rope_theta: 1e4, factor: 4, original_max_position_embeddings: 32 } },
    ],
  ])("means the same in its older spelling: %o", (older, newer) => {
    const [a, b] = [llama.config.parse({ ...base, ...older }), llama.config.parse({ ...base, ...newer })];
    expect(a.ropes).toEqual(b.ropes);
  });

  test.each([
    ["an unknown scaling", { rope_scaling: { rope_type: "ntk", factor: 2 } }],
    ["a scaling without its factor", { rope_scaling: { rope_type: "linear" } }],
    ["heads that do not divide", { num_key_value_heads: 2 }],
    ["an odd head", { head_dim: 63 }],
    ["no size", { hidden_size: 0 }],
    ["another activation", { hidden_act: "laplace" }],
  ])("is refused for %s", (_name, wrong) => {
    const result = llama.config.safeParse({ ...base, ...wrong });
    expect(result.error && z.prettifyError(result.error)).toMatchSnapshot();
  });
});

test("rotary tables of any position are those of the whole table", () => {
  const [rope] = llama.config.parse(base).ropes;
  if (rope === undefined) throw new Error("it has rotary settings");
  const [whole, part] = [ropeTables(rope, 0, 40), ropeTables(rope, 33, 2)];
  expect([...part.cos]).toEqual([...whole.cos.subarray(33 * 32, 35 * 32)]);
  expect([...part.sin]).toEqual([...whole.sin.subarray(33 * 32, 35 * 32)]);
});
