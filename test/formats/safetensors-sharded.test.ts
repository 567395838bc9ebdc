import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { MAXIMUM_SHARDS, openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { buildSafetensors } from "./build.ts";
import { put, temporaryFolder } from "./temporary.ts";

const folder = temporaryFolder();
const shard = (name: string, value: number) =>
  buildSafetensors({ [name]: { dtype: "U8", shape: [], data_offsets: [0, 1] } }, Uint8Array.of(value));
mkdirSync(join(folder, "inner"));
put(folder, "one.safetensors", shard("a", 1));
put(folder, join("inner", "two.safetensors"), shard("b", 2));

let indices = 0;
const open = (weightMap: unknown) =>
  openSafetensors(
    put(folder, `index-${indices++}.json`, JSON.stringify({ metadata: { total_size: 2 }, weight_map: weightMap })),
  );

test("tensors come from the shards the index names, also in a folder below", () => {
  const source = open({ a: "one.safetensors", b: "inner/two.safetensors" });
  expect(source.names()).toEqual(["a", "b"]);
  expect([...source.readFloat32("a"), ...source.readFloat32("b")]).toEqual([1, 2]);
  expect(source.metadata.get("total_size")).toBe(2);
  source.close();
  expect(() => source.readFloat32("a")).toThrow(FormatError);
  expect(() => source.readFloat32("b")).toThrow(FormatError);
});

test.each([
  "../one.safetensors",
  "inner/../../one.safetensors",
  "/etc/passwd",
  "..\\one.safetensors",
  "C:\\one.safetensors",
  "\\\\host\\share",
  "one.safetensors\0",
])("shard path %j leaves the folder", (path) => {
  expect(() => open({ a: path })).toThrow(FormatError);
  expect(() => open({ a: path })).toThrow("outside the checkpoint's folder");
});

test.each<[string, unknown, string]>([
  ["a shard that does not exist", { a: "three.safetensors" }, "cannot be opened"],
  ["a folder as shard", { a: "inner" }, "not a regular file"],
  [
    "a tensor its shard lacks",
    { a: "one.safetensors", c: "one.safetensors" },
    'places tensor "c" in one.safetensors, which lacks it',
  ],
  ["a shard's tensor that is not listed", { b: "inner/two.safetensors", a: "inner/two.safetensors" }, "which lacks it"],
  ["a shard that is no string", { a: 1 }, "in no file"],
  ["an empty map", {}, "lists no tensor"],
  ["a map that is none", [], "has no weight_map"],
  [
    "more shards than files can be open",
    Object.fromEntries(Array.from({ length: MAXIMUM_SHARDS + 1 }, (_, i) => [`t${i}`, `${i}.safetensors`])),
    "at most",
  ],
])("%s is an error", (_, weightMap, message) => {
  expect(() => open(weightMap)).toThrow(FormatError);
  expect(() => open(weightMap)).toThrow(message);
});

test("a shard's tensor that the index leaves out is an error", () => {
  put(
    folder,
    "pair.safetensors",
    buildSafetensors(
      {
        c: { dtype: "U8", shape: [], data_offsets: [0, 1] },
        d: { dtype: "U8", shape: [], data_offsets: [1, 2] },
      },
      Uint8Array.of(1, 2),
    ),
  );
  expect(() => open({ c: "pair.safetensors" })).toThrow('does not list tensor "d" of pair.safetensors');
});
