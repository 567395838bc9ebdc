import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, SubquadError } from "../../src/errors.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { type TensorToWrite, type WritableDtype, writeSafetensors } from "../../src/formats/safetensors/writer.ts";
import { elementCount, readFloat64 } from "../../src/formats/tensor.ts";
import { dataPath, dataTest } from "../data.ts";
import { buildSafetensors } from "./build.ts";
import { put, sameBytes, temporaryFolder } from "./temporary.ts";

const folder = temporaryFolder();

/** Arrays whose bytes are each dtype's, from small integers that all of them hold. */
const arrays: Readonly<Record<WritableDtype, (values: readonly number[]) => ReturnType<TensorToWrite["data"]>>> = {
  F64: (values) => Float64Array.from(values),
  I64: (values) => BigInt64Array.from(values, BigInt),
  U64: (values) => BigUint64Array.from(values, BigInt),
  F32: (values) => Float32Array.from(values),
  I32: (values) => Int32Array.from(values),
  U32: (values) => Uint32Array.from(values),
  F16: (values) => Float32Array.from(values),
  BF16: (values) => Float32Array.from(values),
  I16: (values) => Int16Array.from(values),
  U16: (values) => Uint16Array.from(values),
  I8: (values) => Int8Array.from(values),
  U8: (values) => Uint8Array.from(values),
  BOOL: (values) => Uint8Array.from(values),
};
const dtypes = Object.keys(arrays) as WritableDtype[];

describe("written and read back", () => {
  const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("0", "__proto__", "constructor", 'é\u0000\n"\\'));
  const shape = fc.array(fc.nat(4), { maxLength: 4 });
  const tensor = fc.record({ name, shape, dtype: fc.constantFrom(...dtypes), seed: fc.nat(100) });

  test("names, dtypes, shapes, values and metadata are what they were, each tensor aligned", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 8 }).filter((list) => {
          return list.every(({ name }) => name !== "__metadata__");
        }),
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
        async (tensors, metadata) => {
          const path = join(folder, `round-trip-${run++}.safetensors`);
          const values = tensors.map(({ shape, seed }) =>
            Array.from({ length: elementCount(shape) }, (_, i) => (seed + i) % 101),
          );
          await writeSafetensors(
            path,
            tensors.map(({ name, shape, dtype }, i) => ({
              name,
              shape,
              dtype,
              data: () => arrays[dtype](values[i] ?? []),
            })),
            { metadata },
          );
          const source = openSafetensors(path);
          expect(new Set(source.names())).toEqual(new Set(tensors.map(({ name }) => name)));
          expect(new Map(source.metadata)).toEqual(new Map(Object.entries(metadata)));
          for (const [i, { name, shape, dtype }] of tensors.entries()) {
            const raw = source.readRaw(name);
            expect(source.info(name)).toEqual({ name, shape, dtype, bytes: raw.length });
            expect([...source.readFloat32(name)]).toEqual(values[i]);
            expect([...readFloat64(source, name)]).toEqual(values[i]);
          }
          source.close();
          checkAlignment(path);
          rmSync(path);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  function checkAlignment(path: string): void {
    const bytes = readFileSync(path);
    const length = Number(bytes.readBigUInt64LE());
    expect((8 + length) % 64).toBe(0);
    const header: Record<string, { dtype: WritableDtype; data_offsets: [number, number] }> = JSON.parse(
      bytes.toString("utf8", 8, 8 + length),
    );
    for (const [name, { dtype, data_offsets }] of Object.entries(header)) {
      if (name !== "__metadata__") expect(data_offsets[0] % (Number(dtype.match(/\d+/)?.[0] ?? 8) / 8)).toBe(0);
    }
  }

  test("float16 and bfloat16 are rounded to nearest even", async () => {
    const path = join(folder, "rounded.safetensors");
    const data = () => Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -8, 1e6, -0);
    await writeSafetensors(path, [
      { name: "half", dtype: "F16", shape: [5], data },
      { name: "brain", dtype: "BF16", shape: [5], data },
    ]);
    const source = openSafetensors(path);
    expect([...source.readFloat32("half")]).toEqual([1, 1 + 2 ** -9, 1 + 2 ** -8, Number.POSITIVE_INFINITY, -0]);
    expect([...source.readFloat32("brain")]).toEqual([1, 1, 1, 999424, -0]);
    expect(source.metadata.get("format")).toBe("pt");
    source.close();
  });

  test("a tensor larger than one piece of decoding is whole", async () => {
    const path = join(folder, "large.safetensors");
    const values = Float32Array.from({ length: 1_000_003 }, (_, i) => i % 251);
    await writeSafetensors(path, [{ name: "large", dtype: "BF16", shape: [1_000_003], data: () => values }]);
    const source = openSafetensors(path);
    expect(sameBytes(source.readFloat32("large"), values)).toBe(true);
    source.close();
  });

  test("data is asked for one tensor at a time, after the one before was written", async () => {
    const events: string[] = [];
    const tensor = (name: string): TensorToWrite => ({
      name,
      dtype: "F32",
      shape: [1],
      data: async () => {
        events.push(`${name} asked`);
        await Promise.resolve();
        events.push(`${name} given`);
        return Float32Array.of(1);
      },
    });
    await writeSafetensors(join(folder, "lazy.safetensors"), [tensor("a"), tensor("b")]);
    expect(events).toEqual(["a asked", "a given", "b asked", "b given"]);
  });
});

describe("nothing wrong is written", () => {
  const good: TensorToWrite = { name: "a", dtype: "F32", shape: [2], data: () => new Float32Array(2) };
  test.each<[string, TensorToWrite[], string]>([
    ["a repeated name", [good, good], "written twice"],
    ["the metadata's name", [{ ...good, name: "__metadata__" }], "written twice"],
    ["a negative size", [{ ...good, shape: [-1] }], "no countable shape"],
    ["too few values", [good, { ...good, name: "b", data: () => new Float32Array(1) }], "given 1 values, not 2"],
    [
      "values of another type",
      [good, { ...good, name: "b", data: () => new Int32Array(2) }],
      "Int32Array does not hold",
    ],
  ])("%s", async (_, tensors, message) => {
    const path = join(folder, "wrong.safetensors");
    const writing = writeSafetensors(path, tensors);
    await expect(writing).rejects.toThrow(SubquadError);
    await expect(writing).rejects.toThrow(message);
    expect(readdirSync(folder).filter((name) => name.startsWith("wrong"))).toEqual([]);
  });
});

describe("read", () => {
  test("a tensor at an odd position", () => {
    const data = new Uint8Array(1 + 8);
    new DataView(data.buffer).setFloat64(1, 1.1, true);
    const header = {
      wide: { dtype: "F64", shape: [1], data_offsets: [1, 9] },
      narrow: { dtype: "U8", shape: [1], data_offsets: [0, 1] },
    };
    const source = openSafetensors(put(folder, "odd.safetensors", buildSafetensors(header, data)));
    expect(source.names()).toEqual(["narrow", "wide"]);
    expect([...readFloat64(source, "wide")]).toEqual([1.1]);
    expect([...source.readFloat32("wide")]).toEqual([Math.fround(1.1)]);
    source.close();
  });

  test("an unknown dtype is named, and refused only when read as numbers", () => {
    const header = {
      strange: { dtype: "F4_E9", shape: [3], data_offsets: [0, 2] },
      plain: { dtype: "I8", shape: [], data_offsets: [2, 3] },
    };
    const source = openSafetensors(
      put(folder, "strange.safetensors", buildSafetensors(header, Uint8Array.of(1, 2, 255))),
    );
    expect(source.info("strange").dtype).toBe("F4_E9");
    expect([...source.readFloat32("plain")]).toEqual([-1]);
    expect([...source.readRaw("strange")]).toEqual([1, 2]);
    expect(() => source.readFloat32("strange")).toThrow('tensor "strange" is F4_E9, which cannot be read as float32');
    source.close();
  });

  test("64-bit integers of any sign", () => {
    const data = new Uint8Array(BigInt64Array.of(-1n, -(2n ** 40n), 2n ** 62n).buffer);
    const header = {
      signed: { dtype: "I64", shape: [3], data_offsets: [0, 24] },
    };
    const path = put(folder, "signed.safetensors", buildSafetensors(header, data));
    const source = openSafetensors(path);
    expect([...source.readFloat32("signed")]).toEqual([-1, -(2 ** 40), 2 ** 62]);
    source.close();
    expect(() => source.readRaw("signed")).toThrow("was closed");
  });

  test("an unknown name, an absent file and a folder without a checkpoint are errors", () => {
    const source = openSafetensors(put(folder, "empty.safetensors", buildSafetensors({}, new Uint8Array())));
    expect(source.names()).toEqual([]);
    expect(() => source.readFloat32("a")).toThrow('has no tensor "a"');
    source.close();
    expect(() => openSafetensors(join(folder, "absent.safetensors"))).toThrow(FormatError);
    expect(() => openSafetensors(folder)).toThrow("has neither model.safetensors nor");
  });
});

dataTest("the same weights in float32, bfloat16 and shards", () => {
  const single = openSafetensors(dataPath("families", "llama"));
  expect(single.names()).toHaveLength(20);
  const half = openSafetensors(dataPath("families", "llama-bf16"));
  for (const name of half.names()) {
    expect(half.info(name).dtype).toBe("BF16");
    // The upper half of float32 bits, by definition.
    const raw = new Uint16Array(half.readRaw(name).buffer);
    const widened = new Float32Array(Uint32Array.from(raw, (bits) => bits * 65536).buffer);
    expect(sameBytes(half.readFloat32(name), widened)).toBe(true);
  }
  const sharded = openSafetensors(dataPath("families", "llama-sharded"));
  const index = JSON.parse(readFileSync(dataPath("families", "llama-sharded", "model.safetensors.index.json"), "utf8"));
  expect([...sharded.names()].sort()).toEqual(Object.keys(index.weight_map).sort());
  expect(sharded.metadata.get("total_size")).toBe(index.metadata.total_size);
  const bytes = sharded.names().reduce((sum, name) => sum + sharded.readRaw(name).length, 0);
  expect(bytes).toBe(index.metadata.total_size);
  for (const source of [single, half, sharded]) source.close();
});
