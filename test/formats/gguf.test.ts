import { createHash } from "node:crypto";
import { gguf as parseWithHub } from "@huggingface/gguf";
import { describe, expect, test } from "vitest";
import { openGguf } from "../../src/formats/gguf/reader.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { dataPath, dataTest } from "../data.ts";
import { buildGguf, ggufStrings } from "./build.ts";
import { put, sameBytes, temporaryFolder } from "./temporary.ts";

const folder = temporaryFolder();

/** First 16 digits of SHA-256 over all tensors of a type, in file order, as gguf-py 0.19 dequantizes them to float32. */
const hashes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "llama-gguf/F32": { F32: "acf8c78f5dc4e6c9" },
  "llama-gguf/F16": { F16: "0e8be4ad66ce2507", F32: "826a66cebd480086" },
  "llama-gguf/Q4_0": { F32: "826a66cebd480086", Q4_0: "a416c00afae95e0f" },
  "llama-gguf/Q4_1": { F32: "826a66cebd480086", Q4_1: "fad7e6e8fa9808eb" },
  "llama-gguf/Q5_0": { F32: "826a66cebd480086", Q5_0: "01b18cf06c9d536c" },
  "llama-gguf/Q5_1": { F32: "826a66cebd480086", Q5_1: "5792f6cd963d5533" },
  "llama-gguf/Q8_0": { F32: "826a66cebd480086", Q8_0: "6fb8cad56420cb26" },
  "llama-gguf-k/IQ4_NL": { F32: "39539a6652f54cdf", IQ4_NL: "ca79ab4b97e7467e", Q6_K: "988e6bc8117e9d4c" },
  "llama-gguf-k/IQ4_XS": { F32: "39539a6652f54cdf", IQ4_XS: "9e8f54f5064215d4", Q6_K: "988e6bc8117e9d4c" },
  "llama-gguf-k/Q2_K": {
    F32: "39539a6652f54cdf",
    Q2_K: "f392fd1df49f64b9",
    Q3_K: "294804f61ff6c68f",
    Q6_K: "988e6bc8117e9d4c",
  },
  "llama-gguf-k/Q3_K_M": {
    F32: "39539a6652f54cdf",
    Q3_K: "2db87072a9a41195",
    Q4_K: "8fe1cf3efddb0af9",
    Q5_K: "855663a7b98cdb0d",
    Q6_K: "988e6bc8117e9d4c",
  },
  "llama-gguf-k/Q4_K_M": { F32: "39539a6652f54cdf", Q4_K: "bf8c3dd2d76168f1", Q6_K: "77e840eb73c206b7" },
  "llama-gguf-k/Q5_K_M": { F32: "39539a6652f54cdf", Q5_K: "568c7e7d7dd6f02a", Q6_K: "77e840eb73c206b7" },
  "llama-gguf-k/Q6_K": { F32: "39539a6652f54cdf", Q6_K: "0df4638ff26a861b" },
};

describe.each(Object.keys(hashes))("%s", (file) => {
  dataTest("every tensor is dequantized to the bit, by type", () => {
    const source = openGguf(dataPath("families", `${file}.gguf`));
    const found = new Map<string, ReturnType<typeof createHash>>();
    for (const name of source.names()) {
      const { dtype } = source.info(name);
      const hash = found.get(dtype) ?? createHash("sha256");
      found.set(dtype, hash.update(source.readFloat32(name)));
    }
    source.close();
    const digests = [...found].map(([dtype, hash]) => [dtype, hash.digest("hex").slice(0, 16)]);
    expect(Object.fromEntries(digests)).toEqual(hashes[file]);
  });

  dataTest("the golden tensors are equal", () => {
    const source = openGguf(dataPath("families", `${file}.gguf`));
    const golden = openSafetensors(dataPath("families", `${file}.golden.safetensors`));
    const names = golden.names().filter((name) => name.startsWith("dequantized."));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const stored = name.slice("dequantized.".length);
      expect(source.info(stored).shape).toEqual(golden.info(name).shape);
      expect(sameBytes(source.readFloat32(stored), golden.readFloat32(name)), stored).toBe(true);
    }
    source.close();
    golden.close();
  });
});

dataTest("a real model opens; metadata and tensors are as @huggingface/gguf reads them", async () => {
  const path = dataPath("smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf");
  const source = openGguf(path);
  const other = await parseWithHub(path, { allowLocalFile: true });
  const own = new Set(["version", "tensor_count", "kv_count"]);
  const plain = (value: unknown) => (ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value);
  for (const [key, value] of Object.entries(other.metadata)) {
    if (own.has(key)) continue;
    expect(plain(source.metadata.get(key)), key).toEqual(typeof value === "bigint" ? Number(value) : value);
  }
  expect(source.metadata.size).toBe(Object.keys(other.metadata).length - own.size);
  expect(source.metadata.get("tokenizer.ggml.tokens")).toHaveLength(49152);
  expect(source.names()).toEqual(other.tensorInfos.map(({ name }) => name));
  for (const { name, shape } of other.tensorInfos) {
    expect(source.info(name).shape).toEqual(shape.map(Number).reverse());
  }
  expect(source.info("token_embd.weight")).toMatchObject({ dtype: "Q8_0", shape: [49152, 576] });
  source.close();
});

describe("metadata", () => {
  const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const read = (type: number, value: string | Uint8Array, element?: number, length?: number) => {
    const extra = element === undefined || length === undefined ? {} : { element, length };
    const source = openGguf(put(folder, "metadata.gguf", buildGguf([{ key: "key", type, value, ...extra }], []).bytes));
    source.close();
    return source.metadata.get("key");
  };

  test.each<[string, number, ArrayBufferView | string, unknown]>([
    ["uint8", 0, Uint8Array.of(200), 200],
    ["int8", 1, Int8Array.of(-3), -3],
    ["uint16", 2, Uint16Array.of(60000), 60000],
    ["int16", 3, Int16Array.of(-300), -300],
    ["uint32", 4, Uint32Array.of(4e9), 4e9],
    ["int32", 5, Int32Array.of(-7), -7],
    ["float32", 6, Float32Array.of(0.5), 0.5],
    ["bool", 7, Uint8Array.of(1), true],
    ["string", 8, "é\u{1f600}", "é\u{1f600}"],
    ["uint64", 10, BigUint64Array.of(2n ** 53n - 1n), 2 ** 53 - 1],
    ["uint64 beyond 2^53", 10, BigUint64Array.of(2n ** 64n - 1n), 2n ** 64n - 1n],
    ["int64", 11, BigInt64Array.of(-5n), -5],
    ["float64", 12, Float64Array.of(0.1), 0.1],
  ])("%s", (_, type, value, expected) => {
    expect(read(type, typeof value === "string" ? value : bytesOf(value))).toBe(expected);
  });

  test.each<[string, number, Uint8Array, number, unknown]>([
    ["int16", 3, bytesOf(Int16Array.of(1, -2, 3)), 3, Int16Array.of(1, -2, 3)],
    ["float32", 6, bytesOf(Float32Array.of(1, -2)), 2, Float32Array.of(1, -2)],
    ["uint64", 10, bytesOf(BigUint64Array.of(1n, 2n)), 2, BigUint64Array.of(1n, 2n)],
    ["bool", 7, Uint8Array.of(0, 1), 2, Uint8Array.of(0, 1)],
    ["string", 8, ggufStrings(["", "a", "žluť"]), 3, ["", "a", "žluť"]],
    ["no string", 8, new Uint8Array(), 0, []],
  ])("array of %s", (_, element, value, length, expected) => {
    expect(read(9, value, element, length)).toEqual(expected);
  });

  test("a vocabulary longer than the reading window is whole", () => {
    const words = Array.from({ length: 60_000 }, (_, i) => `word ${i}`);
    expect(read(9, ggufStrings(words), 8, words.length)).toEqual(words);
  });
});

describe("tensors", () => {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
  const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);

  test("shapes are row-major, positions aligned as the file says, versions 2 and 3 alike", () => {
    for (const version of [2, 3]) {
      const file = buildGguf(
        [{ key: "general.alignment", type: 4, value: u32(64) }],
        [
          { name: "matrix", sizes: [3, 2], type: 0, data: bytes },
          { name: "scalar", sizes: [], type: 0, data: bytes.subarray(0, 4) },
          { name: "empty", sizes: [0], type: 0, data: new Uint8Array() },
          { name: "bytes", sizes: [2], type: 24, data: Uint8Array.of(255, 1) },
        ],
        64,
        version,
      );
      const source = openGguf(put(folder, "shapes.gguf", file.bytes));
      expect(source.info("matrix")).toEqual({ name: "matrix", dtype: "F32", shape: [2, 3], bytes: 24 });
      expect([...source.readFloat32("matrix")]).toEqual([1, 2, 3, 4, 5, 6]);
      expect([...source.readFloat32("scalar")]).toEqual([1]);
      expect([...source.readFloat32("empty")]).toEqual([]);
      expect([...source.readFloat32("bytes")]).toEqual([-1, 1]);
      source.close();
    }
  });

  test("a type without a decoder is refused only when read", () => {
    const file = buildGguf([], [{ name: "a", sizes: [256], type: 19, data: new Uint8Array(50) }]);
    const source = openGguf(put(folder, "iq1.gguf", file.bytes));
    expect(source.info("a").dtype).toBe("IQ1_S");
    expect(() => source.readFloat32("a")).toThrow('tensor "a" is IQ1_S, which cannot be read as float32');
    source.close();
  });

  test("the padding behind the last tensor may be missing, but nothing of the tensor", () => {
    const file = buildGguf([], [{ name: "a", sizes: [6], type: 0, data: bytes }]);
    openGguf(put(folder, "unpadded.gguf", file.bytes.subarray(0, -8))).close();
    expect(() => openGguf(put(folder, "short.gguf", file.bytes.subarray(0, -9)))).toThrow("truncated");
  });

  const tensor = { name: "a", sizes: [6], type: 0, data: bytes };
  const swapped = buildGguf([], [tensor]).bytes;
  swapped.subarray(4, 8).reverse();
  test.each<[string, Uint8Array, string]>([
    ["a big-endian file", swapped, "big-endian"],
    ["version 1", buildGguf([], [], 32, 1).bytes, "is GGUF version 1"],
    ["another format", Buffer.from("PK\u0003\u0004 not a model"), "no GGUF file"],
    ["a repeated tensor", buildGguf([], [tensor, tensor]).bytes, 'tensor "a" occurs twice'],
    [
      "rows that are no whole blocks",
      buildGguf([], [{ ...tensor, type: 2 }]).bytes,
      "no multiple of Q4_0's blocks of 32",
    ],
    ["an unknown type", buildGguf([], [{ ...tensor, type: 99 }]).bytes, "unknown type 99"],
    ["five dimensions", buildGguf([], [{ ...tensor, sizes: [1, 1, 1, 1, 6] }]).bytes, "has 5 dimensions"],
    ["sizes beyond counting", buildGguf([], [{ ...tensor, sizes: [2 ** 40, 2 ** 40] }]).bytes, "too large to count"],
    [
      "an alignment of 24",
      buildGguf([{ key: "general.alignment", type: 4, value: u32(24) }], []).bytes,
      "general.alignment is 24",
    ],
    [
      "an array of arrays",
      buildGguf([{ key: "k", type: 9, value: u32(0), element: 9, length: 1 }], []).bytes,
      "array of arrays",
    ],
    [
      "a part of a split model",
      buildGguf([{ key: "split.count", type: 2, value: Uint8Array.of(3, 0) }], []).bytes,
      "one of 3 parts",
    ],
    [
      "a repeated key",
      buildGguf(
        [
          { key: "k", type: 4, value: u32(0) },
          { key: "k", type: 4, value: u32(1) },
        ],
        [],
      ).bytes,
      'metadata key "k" occurs twice',
    ],
  ])("%s is a named error", (_, file, message) => {
    expect(() => openGguf(put(folder, "wrong.gguf", file))).toThrow(message);
  });
});
