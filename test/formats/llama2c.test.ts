import { describe, expect, test } from "vitest";
import { openLlama2c } from "../../src/formats/llama2c.ts";
import { expectClose } from "../compare.ts";
import { dataPath, dataTest } from "../data.ts";
import { uniform } from "../random.ts";
import { buildLlama2c, type Llama2cHeader } from "./build.ts";
import { put, sameBytes, temporaryFolder } from "./temporary.ts";

const folder = temporaryFolder();

/** Width 8, MLP 12, two layers, two heads of four, one key/value head, five tokens, context three. */
const header: Llama2cHeader = [8, 12, 2, 2, 1, 5, 3];
const untied: Llama2cHeader = [8, 12, 2, 2, 1, -5, 3];
const layerFloats = 8 + 8 * 8 + 4 * 8 + 4 * 8 + 8 * 8 + 8 + 12 * 8 + 8 * 12 + 12 * 8;
const floats = 5 * 8 + 2 * layerFloats + 8;
const rotaryTables = 3 * 4;
const counting = (count: number) => Float32Array.from({ length: count }, (_, i) => i);
const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer);

const names = [
  "model.embed_tokens.weight",
  "model.norm.weight",
  ...[0, 1].flatMap((layer) =>
    [
      "input_layernorm",
      "self_attn.q_proj",
      "self_attn.k_proj",
      "self_attn.v_proj",
      "self_attn.o_proj",
      "post_attention_layernorm",
      "mlp.gate_proj",
      "mlp.down_proj",
      "mlp.up_proj",
    ].map((part) => `model.layers.${layer}.${part}.weight`),
  ),
];

describe("v0", () => {
  test("names, shapes and positions of a tied model", () => {
    const source = openLlama2c(
      put(folder, "v0.bin", buildLlama2c(0, header, bytesOf(counting(floats + rotaryTables))).bytes),
    );
    expect([...source.names()].sort()).toEqual([...names].sort());
    expect(source.config).toMatchObject({ version: 0, hiddenSize: 8, intermediateSize: 12, layers: 2, heads: 2 });
    expect(source.config).toMatchObject({ keyValueHeads: 1, vocabularySize: 5, contextLength: 3, tied: true });
    expect(source.info("model.layers.1.self_attn.k_proj.weight").shape).toEqual([4, 8]);
    expect(source.info("model.layers.1.mlp.down_proj.weight").shape).toEqual([8, 12]);
    expect(source.readFloat32("model.embed_tokens.weight")[39]).toBe(39);
    // Behind the embedding, both layers' norms, and the first layer's queries.
    const queries = 5 * 8 + 2 * 8 + 8 * 8;
    const rows = Array.from(
      { length: 8 },
      (_, row) => source.readFloat32("model.layers.1.self_attn.q_proj.weight")[row * 8],
    );
    expect(rows).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((row) => queries + row * 8));
    const raw = source.readRaw("model.layers.1.self_attn.q_proj.weight");
    expect(sameBytes(raw, source.readFloat32("model.layers.1.self_attn.q_proj.weight"))).toBe(true);
    expect(source.readFloat32("model.norm.weight")[7]).toBe(floats - 1);
    source.close();
  });

  test("a negative vocabulary has a separate output matrix behind the rotary tables", () => {
    const body = bytesOf(counting(floats + rotaryTables + 40));
    const source = openLlama2c(put(folder, "v0-untied.bin", buildLlama2c(0, untied, body).bytes));
    expect(source.config).toMatchObject({ vocabularySize: 5, tied: false });
    expect(source.readFloat32("lm_head.weight")[0]).toBe(floats + rotaryTables);
    source.close();
  });
});

test("v2's groups are bytes times their scale", () => {
  const next = uniform(1);
  const matrices = floats - 5 * 8;
  const body = Buffer.alloc(5 * 8 * 4 + matrices + (matrices / 4) * 4);
  for (let i = 0; i < body.length; i++) body[i] = Math.floor(next() * 128);
  const embedding = 5 * 8 * 4;
  body.writeInt8(-100, embedding + 6);
  body.writeFloatLE(0.25, embedding + 40 + 4);
  const source = openLlama2c(put(folder, "v2.bin", buildLlama2c(2, header, body).bytes));
  expect(source.config).toMatchObject({ version: 2, groupSize: 4, tied: true });
  expect(source.info("model.embed_tokens.weight")).toMatchObject({ dtype: "Q8_GROUPS", shape: [5, 8], bytes: 80 });
  expect(source.info("model.norm.weight")).toMatchObject({ dtype: "F32", shape: [8], bytes: 32 });
  expect(source.readFloat32("model.embed_tokens.weight")[6]).toBe(-25);
  source.close();
});

dataTest("v0 and v1 of one model are equal to the bit, v2 is close", () => {
  const [v0, v1, v2] = [
    openLlama2c(dataPath("stories260K", "stories260K.bin")),
    openLlama2c(dataPath("stories260K", "checkpoint_v1.bin")),
    openLlama2c(dataPath("stories260K", "stories260K-q8.bin")),
  ];
  expect(v0.config).toEqual({
    version: 0,
    hiddenSize: 64,
    intermediateSize: 172,
    layers: 5,
    heads: 8,
    keyValueHeads: 4,
    vocabularySize: 512,
    contextLength: 512,
    tied: true,
    groupSize: undefined,
    ropeTheta: 10000,
    normEpsilon: 1e-5,
  });
  expect(v1.config).toEqual({ ...v0.config, version: 1 });
  expect(v2.config).toEqual({ ...v0.config, version: 2, groupSize: v2.config.groupSize });
  expect([...v1.names()].sort()).toEqual([...v0.names()].sort());
  expect([...v2.names()].sort()).toEqual([...v0.names()].sort());
  let parameters = 0;
  for (const name of v0.names()) {
    const values = v0.readFloat32(name);
    parameters += values.length;
    expect(sameBytes(v1.readFloat32(name), values), name).toBe(true);
    // Rounding to 127 steps of a group's largest value.
    expectClose(v2.readFloat32(name), values, 0.5 / 127 + 1e-6, name);
  }
  expect(parameters).toBe(260_032);
  for (const source of [v0, v1, v2]) source.close();
});

test.each<[string, Uint8Array, string]>([
  ["a version to come", buildLlama2c(1, header, new Uint8Array()).bytes.fill(3, 4, 5), "is llama2.c version 3"],
  ["some text", Buffer.from("This is a text, long enough to be taken for a header."), "no llama2.c checkpoint"],
  ["an empty file", new Uint8Array(), "too few for a llama2.c header"],
  [
    "heads that do not divide the width",
    buildLlama2c(0, [8, 12, 2, 3, 1, 5, 3], new Uint8Array(99)).bytes,
    "gives 3 heads",
  ],
  [
    "a group that divides no matrix",
    buildLlama2c(2, header, new Uint8Array(99), 1, 7).bytes,
    "group size 7 does not divide",
  ],
  ["half a file", buildLlama2c(0, header, new Uint8Array(99)).bytes, "it is truncated"],
])("%s is a named error", (_, bytes, message) => {
  expect(() => openLlama2c(put(folder, "wrong.bin", bytes))).toThrow(message);
});
