/** GGUF files of every family that has them give the logits of the checkpoints that they were made of. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { configFromGguf } from "../../src/families/gguf-config.ts";
import { familyNamed, familyOf } from "../../src/families/index.ts";
import { openGguf } from "../../src/formats/gguf/reader.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64, type TensorSource } from "../../src/formats/tensor.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { type Model, ownMixers } from "../../src/inference/model.ts";
import { readWeights } from "../../src/model/read-weights.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { dataPath, dataTest } from "../data.ts";
import { put, temporaryFolder } from "../formats/temporary.ts";
import { checkpoint } from "./folders.ts";
import { type Checkpoint, convert } from "./gguf-conversions.ts";
import { type GgufContent, type Tensor, type Typed, writeGguf } from "./gguf-writer.ts";

const folder = temporaryFolder();

function checkpointOf(name: string): Checkpoint {
  const path = checkpoint(name).path();
  const source = openSafetensors(path);
  const tensors = source
    .names()
    .map((each) => [each, { shape: source.info(each).shape, data: source.readFloat32(each) }]);
  source.close();
  return { config: JSON.parse(readFileSync(`${path}/config.json`, "utf8")), tensors: Object.fromEntries(tensors) };
}

async function opened(content: GgufContent): Promise<Model> {
  const { model } = await openModel(put(folder, `${content.architecture}.gguf`, writeGguf(content)));
  return model;
}

async function logitsOf(model: Model, ids: ArrayLike<number>, batch: number): Promise<Float32Array> {
  const engine = createEngine({ threads: 1 });
  const forward = new ForwardPass(engine, model);
  const length = ids.length / batch;
  const hidden = await forward.hidden({ ids, batch, length });
  const logits = await forward.logits(floats([batch * length, model.architecture.hiddenSize], hidden.data));
  await engine.release();
  return Float32Array.from(logits.data);
}

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, limit = 2e-4): void {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    largest = difference > largest || Number.isNaN(difference) ? difference : largest;
  }
  expect(largest).toBeLessThan(limit);
}

async function expectGolden(name: string, content: GgufContent): Promise<void> {
  const golden = openSafetensors(`${checkpoint(name).path()}/golden.safetensors`);
  const [batch = 0] = golden.info("input_ids").shape;
  expectNear(
    await logitsOf(await opened(content), readFloat64(golden, "input_ids"), batch),
    readFloat64(golden, "logits"),
  );
}

const asking = (content: GgufContent, metadata: Record<string, Typed>): GgufContent => ({
  ...content,
  metadata: { ...content.metadata, ...metadata },
});

const scaled = ({ shape, data }: Tensor, factor: number, offset = 0): Tensor => ({
  shape,
  data: data.map((x) => (x + offset) * factor - offset),
});

/** The checkpoint with some tensors changed. */
const changed = ({ config, tensors }: Checkpoint, pattern: RegExp, change: (tensor: Tensor) => Tensor): Checkpoint => ({
  config,
  tensors: Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, pattern.test(name) ? change(tensor) : tensor]),
  ),
});

describe("the golden logits", () => {
  const folders = {
    ...{ llama: "llama", "llama-untied": "llama", "llama-linear-rope": "llama", "llama-yarn": "llama" },
    ...{ "llama3-rope": "llama", qwen2: "qwen2", qwen3: "qwen3", gemma: "gemma", phi: "phi", phi3: "phi3" },
    ...{ "phi3-longrope": "phi3", gpt2: "gpt2", gpt_neox: "gpt_neox", falcon: "falcon", olmo2: "olmo2" },
    ...{ granite: "granite", stablelm: "stablelm", qwen3_moe: "qwen3_moe", olmoe: "olmoe", granitemoe: "granitemoe" },
    ...{ bloom: "bloom", "bloom-6heads": "bloom", mpt: "mpt", gpt_bigcode: "gpt_bigcode", nemotron: "nemotron" },
    ...{ arcee: "arcee", ernie4_5: "ernie4_5", cohere: "cohere", "cohere-norms": "cohere", cohere2: "cohere2" },
  };
  for (const [name, family] of Object.entries(folders))
    checkpoint(name).test(name, () => expectGolden(name, convert(family, checkpointOf(name))));

  // Files hold no scale of the queries: it is a head's width, so the checkpoint's own must be part of its weights.
  dataTest("gemma2, its scale of queries folded into their projection", async () => {
    const checkpoint = checkpointOf("gemma2");
    const { head_dim: dim, query_pre_attn_scalar: scalar } = checkpoint.config;
    const factor = Math.sqrt(Number(dim) / Number(scalar));
    await expectGolden(
      "gemma2",
      convert(
        "gemma2",
        changed(checkpoint, /q_proj/, (tensor) => scaled(tensor, factor)),
      ),
    );
  });

  // Nor does the converter write which layers read a window, where one in six is not what it was; llama.cpp reads it.
  describe.each<[string, Typed]>([
    ["a period", { u32: 3 }],
    ["a value for each layer", { truths: [true, true, false] }],
  ])("gemma3, its scale of queries folded into their norm, its windows told by %s", (_name, pattern) => {
    dataTest("logits", async () => {
      const checkpoint = checkpointOf("gemma3");
      const { head_dim: dim, query_pre_attn_scalar: scalar } = checkpoint.config;
      const factor = Math.sqrt(Number(dim) / Number(scalar));
      const content = convert(
        "gemma3",
        changed(checkpoint, /q_norm/, (tensor) => scaled(tensor, factor, 1)),
      );
      await expectGolden("gemma3", asking(content, { "attention.sliding_window_pattern": pattern }));
    });
  });

  dataTest("phi, its queries, keys and values in one tensor as in older files", async () => {
    const content = convert("phi", checkpointOf("phi"));
    const names = ["q", "k", "v"] as const;
    const tensors: Record<string, Tensor> = Object.fromEntries(
      Object.entries(content.tensors).filter(([name]) => !/attn_[qkv]\./.test(name)),
    );
    for (const layer of [0, 1])
      for (const kind of ["weight", "bias"]) {
        const parts = names.flatMap((name) => content.tensors[`blk.${layer}.attn_${name}.${kind}`] ?? []);
        const [rows = 0, ...rest] = parts[0]?.shape ?? [];
        const data = Float32Array.from(parts.flatMap((part) => [...part.data]));
        tensors[`blk.${layer}.attn_qkv.${kind}`] = { shape: [3 * rows, ...rest], data };
      }
    await expectGolden("phi", { ...content, tensors });
  });

  dataTest("falcon with a second norm, as its largest model has", async () => {
    const content = convert("falcon", checkpointOf("falcon"));
    // Twice as long, before projections half as large: the MLP alone would tell it from the first.
    const tensors = Object.entries(content.tensors).flatMap(([name, tensor]): [string, Tensor][] => {
      if (name.includes("attn_qkv")) return [[name, scaled(tensor, 0.5)]];
      const second = [name.replace("attn_norm.", "attn_norm_2."), scaled(tensor, 2)] as const;
      return name.includes("attn_norm.") ? [[name, tensor], [...second]] : [[name, tensor]];
    });
    await expectGolden("falcon", { ...content, tensors: Object.fromEntries(tensors) });
  });

  dataTest("sizes given once for each layer", async () => {
    const content = convert("qwen2", checkpointOf("qwen2"));
    await expectGolden("qwen2", asking(content, { "attention.head_count_kv": { u32s: [2, 2] } }));
  });
});

describe("what files do not hold is what llama.cpp makes of them", () => {
  /** The folder's model by a configuration of other values. */
  async function folderWith(name: string, settings: Record<string, unknown>): Promise<Model> {
    const config = { ...checkpointOf(name).config, ...settings } as { model_type: string };
    const family = await familyOf(config.model_type);
    if (family === undefined) throw new Error(`no family for ${config.model_type}`);
    const architecture = family.config.parse(config);
    const source = openSafetensors(dataPath("families", name));
    return {
      architecture,
      weights: readWeights(source, family.tensors, architecture),
      mixers: ownMixers(architecture),
    };
  }

  describe.each([
    ["mistral", "windows", { sliding_window: null }],
    ["starcoder2", "windows", { sliding_window: null }],
    ["smollm3", "layers without positions other than every fourth", { no_rope_layers: [1, 1, 1] }],
    ["gemma3", "a pattern of windows", { layer_types: Array.from({ length: 3 }, () => "sliding_attention") }],
  ] as const)("%s: %s", (name, _what, settings) => {
    dataTest("logits", async () => {
      const ids = Array.from({ length: 48 }, (_unused, position) => (position * 37 + 11) % 64);
      const scale = name === "gemma3" ? { query_pre_attn_scalar: 16 } : {};
      const expected = await logitsOf(await folderWith(name, { ...settings, ...scale }), ids, 1);
      expectNear(await logitsOf(await opened(convert(name, checkpointOf(name))), ids, 1), expected);
    });
  });

  dataTest("granite: a scale of scores", async () => {
    const ids = Array.from({ length: 16 }, (_unused, position) => (position * 37 + 11) % 64);
    const expected = await logitsOf(await folderWith("granite", { attention_multiplier: Math.sqrt(1 / 8) }), ids, 1);
    const content = convert("granite", checkpointOf("granite"));
    const { "attention.scale": _scale, ...metadata } = content.metadata;
    expectNear(await logitsOf(await opened({ ...content, metadata }), ids, 1), expected);
  });

  dataTest("mistral has its golden logits up to the window's length", async () => {
    const golden = openSafetensors(dataPath("families", "mistral", "golden.safetensors"));
    const ids = readFloat64(golden, "input_ids").subarray(0, 16);
    const logits = await logitsOf(await opened(convert("mistral", checkpointOf("mistral"))), ids, 1);
    expectNear(logits, readFloat64(golden, "logits").subarray(0, logits.length));
  });
});

describe("metadata that asks for what is not known is refused by name", () => {
  describe.each<[string, Record<string, Typed>, RegExp]>([
    ["experts", { expert_count: { u32: 8 }, expert_used_count: { u32: 2 } }, /asks for llama\.expert_count = 8/],
    ["a key", { "attention.unheard_of": { f32: 0.5 } }, /asks for llama\.attention\.unheard_of = 0\.5/],
    ["reading both ways", { "attention.causal": { truth: false } }, /asks for llama\.attention\.causal = false/],
    ["wider values", { "attention.value_length": { u32: 32 } }, /asks for llama\.attention\.value_length = 32/],
    ["another scaling", { "rope.scaling.type": { text: "alpha" } }, /asks for llama\.rope\.scaling\.type = alpha/],
    ["factors without tensors", { "rope.scaling.type": { text: "longrope" } }, /no tensors rope_factors_long/],
    ["a scale without factors", { "rope.scaling.attn_factor": { f32: 1.5 } }, /scaling\.attn_factor = 1\.5/],
    ["a setting of another scaling", { "rope.scaling.yarn_beta_fast": { f32: 8 } }, /yarn_beta_fast = 8/],
    [
      "layers that differ",
      { feed_forward_length: { u32s: [64, 48] } },
      /layers different values of llama\.feed_forward/,
    ],
    ["a size that is none", { "attention.head_count": { text: "4" } }, /asks for llama\.attention\.head_count = 4/],
  ])("%s", (_name, metadata, message) => {
    dataTest("refused", async () => {
      await expect(opened(asking(convert("llama", checkpointOf("llama")), metadata))).rejects.toThrow(message);
    });
  });

  dataTest("factors and a scaling at once", async () => {
    const content = convert("llama", checkpointOf("llama3-rope"));
    await expect(opened(asking(content, { "rope.scaling.factor": { f32: 4 } }))).rejects.toThrow(
      /rotary factors as well/,
    );
  });

  dataTest("keys that ask for nothing are passed over", async () => {
    const content = convert("llama", checkpointOf("llama"));
    const idle: Record<string, Typed> = {
      ...{ expert_count: { u32: 0 }, expert_used_count: { u32: 0 }, expert_feed_forward_length: { u32: 9 } },
      ...{ "mm.tokens_per_image": { u32: 256 }, "vision.block_count": { u32: 27 } },
      ...{ "attention.causal": { truth: true }, "rope.scaling.type": { text: "none" }, pooling_type: { u32: 3 } },
      ...{ "rope.scaling.factor": { f32: 8 }, "rope.scaling.original_context_length": { u32: 32 } },
    };
    await expectGolden("llama", asking(content, idle));
  });

  dataTest("the older name of a linear factor still counts", async () => {
    const content = convert("llama", checkpointOf("llama-linear-rope"));
    const { "rope.scaling.type": _type, "rope.scaling.factor": factor, ...rest } = content.metadata;
    await expectGolden("llama-linear-rope", {
      ...content,
      metadata: { ...rest, "rope.scale_linear": factor ?? { f32: 1 } },
    });
  });
});

describe("settings that follow from sizes", () => {
  /** A file that only has metadata. */
  const bare = (architecture: string, metadata: Record<string, number>): TensorSource => ({
    ...openGguf(put(folder, "bare.gguf", writeGguf({ architecture, metadata: {}, tensors: {} }))),
    path: "bare.gguf",
    metadata: new Map(Object.entries(metadata).map(([key, value]) => [`${architecture}.${key}`, value])),
    has: () => false,
  });

  test.each([
    // Gemma 2 of 9B and 27B, Gemma 3 of 4B and 27B, as published.
    ["gemma2", 42, 3584, 16, 256, 256],
    ["gemma2", 46, 4608, 32, 128, 144],
    ["gemma3", 34, 2560, 8, 256, 256],
    ["gemma3", 62, 5376, 32, 128, 168],
  ])("%s of %i layers has its published scale of queries", async (name, layers, width, heads, headDim, scalar) => {
    const { gguf } = await familyNamed(name);
    if (gguf === undefined) throw new Error(`${name} has no GGUF files`);
    const source = bare(name, {
      ...{ block_count: layers, embedding_length: width, "attention.head_count": heads },
      "attention.key_length": headDim,
    });
    expect(configFromGguf(source, gguf)).toMatchObject({ query_pre_attn_scalar: scalar, head_dim: headDim });
  });

  test("gemma3 without a window reads everything in all layers", async () => {
    const { gguf, config } = await familyNamed("gemma3");
    if (gguf === undefined) throw new Error("gemma3 has no GGUF files");
    const source = bare("gemma3", {
      ...{ block_count: 2, embedding_length: 8, feed_forward_length: 8, "attention.head_count": 1 },
    });
    const { blocks } = config.parse({ ...configFromGguf(source, gguf), vocab_size: 8 });
    expect(blocks.map(({ rope, mixer }) => [rope, mixer.window?.kind])).toEqual([
      [0, "full"],
      [0, "full"],
    ]);
  });

  test.each([
    [80, 32, 32],
    [44, 30, 30],
  ])("heads of %i of which %i dimensions turn", async (headDim, count, turned) => {
    const { gguf, config } = await familyNamed("stablelm");
    if (gguf === undefined) throw new Error("stablelm has no GGUF files");
    const source = bare("stablelm", {
      ...{ block_count: 1, embedding_length: 2 * headDim, feed_forward_length: 8, "attention.head_count": 2 },
      "rope.dimension_count": count,
    });
    const { ropes } = config.parse({ ...configFromGguf(source, gguf), vocab_size: 8 });
    expect(2 * (ropes[0]?.frequencies.inverse.length ?? 0)).toBe(turned);
  });
});
