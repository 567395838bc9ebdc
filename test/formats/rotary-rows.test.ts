import { expect, test } from "vitest";
import { SubquadError } from "../../src/errors.ts";
import { openGguf } from "../../src/formats/gguf/reader.ts";
import { rowsFromInterleaved } from "../../src/formats/rotary-rows.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { dataPath, dataTest } from "../data.ts";

test("pairs 2i, 2i+1 of each head go to i, i + half", () => {
  // Two heads of four rows, two columns; each value names its row.
  const rows = Float32Array.from({ length: 16 }, (_, i) => Math.floor(i / 2));
  expect([...rowsFromInterleaved(rows, 2, 8)]).toEqual([0, 0, 2, 2, 1, 1, 3, 3, 4, 4, 6, 6, 5, 5, 7, 7]);
});

test("a bias is rows of one column", () => {
  expect([...rowsFromInterleaved(Float32Array.of(0, 1, 2, 3), 1, 4)]).toEqual([0, 2, 1, 3]);
});

test("heads that do not divide the rows, or odd ones, are refused", () => {
  expect(() => rowsFromInterleaved(new Float32Array(12), 2, 6)).toThrow(SubquadError);
  expect(() => rowsFromInterleaved(new Float32Array(12), 5, 12)).toThrow(SubquadError);
});

dataTest("a GGUF llama's queries and keys become the checkpoint's", () => {
  const gguf = openGguf(dataPath("families", "llama-gguf", "F32.gguf"));
  const checkpoint = openSafetensors(dataPath("families", "llama"));
  for (const [stored, name, key] of [
    ["attn_q", "q_proj", "llama.attention.head_count"],
    ["attn_k", "k_proj", "llama.attention.head_count_kv"],
  ] as const) {
    const data = gguf.readFloat32(`blk.1.${stored}.weight`);
    const [rows = 0] = gguf.info(`blk.1.${stored}.weight`).shape;
    const expected = checkpoint.readFloat32(`model.layers.1.self_attn.${name}.weight`);
    expect(data).not.toEqual(expected);
    expect(rowsFromInterleaved(data, Number(gguf.metadata.get(key)), rows)).toEqual(expected);
  }
  gguf.close();
  checkpoint.close();
});
