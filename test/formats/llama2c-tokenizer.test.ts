import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Llama2cTokenizer, readLlama2cTokenizer } from "../../src/formats/llama2c-tokenizer.ts";
import { dataPath, dataTest } from "../data.ts";
import { put, temporaryFolder } from "./temporary.ts";

const folder = temporaryFolder();

/** A tokenizer file: the 259 fixed tokens, then the given pieces with their scores. */
function build(pieces: readonly (readonly [string, number])[]): Buffer {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
  const all = [...["<unk>", "\n<s>\n", "\n</s>\n", ...bytes].map((piece) => [piece, 0] as const), ...pieces];
  const head = Buffer.alloc(4);
  head.writeInt32LE(Math.max(...all.map(([piece]) => Buffer.byteLength(piece))));
  const entries = all.flatMap(([piece, score]) => {
    const entry = Buffer.alloc(8);
    entry.writeFloatLE(score);
    entry.writeInt32LE(Buffer.byteLength(piece), 4);
    return [entry, Buffer.from(piece)];
  });
  return Buffer.concat([head, ...entries]);
}

/** The merges as first written down: rescan all pairs, merge the best one, the leftmost of equals. */
function naive(tokenizer: Llama2cTokenizer, text: string): number[] {
  const find = (piece: string) => tokenizer.pieces.indexOf(piece);
  const ids = text === "" ? [] : [find(" ")];
  for (const character of text) {
    const bytes = Buffer.from(character).toString("latin1");
    if (find(bytes) >= 0) ids.push(find(bytes));
    else ids.push(...[...Buffer.from(character)].map((byte) => byte + 3));
  }
  for (;;) {
    let best = { score: Number.NEGATIVE_INFINITY, at: -1, id: -1 };
    for (let at = 0; at + 1 < ids.length; at++) {
      const id = find(`${tokenizer.pieces[ids[at] ?? -1]}${tokenizer.pieces[ids[at + 1] ?? -1]}`);
      const score = tokenizer.scores[id] ?? Number.NEGATIVE_INFINITY;
      if (score > best.score) best = { score, at, id };
    }
    if (best.at < 0) return [1, ...ids];
    ids.splice(best.at, 2, best.id);
  }
}

describe("a small vocabulary", () => {
  const pieces = [
    [" ", -10],
    ["a", -11],
    ["b", -12],
    ["é", -13],
    ["ab", -1],
    ["ba", -1],
    ["aa", -2],
    [" a", -3],
    ["aba", -2],
    ["abab", -5],
    ["éa", -1],
  ] as const;
  const tokenizer = readLlama2cTokenizer(put(folder, "small.bin", build(pieces)));
  const id = (piece: string) => 259 + pieces.findIndex(([other]) => other === piece);

  test("the best pair merges first, the leftmost of equals; what has no token becomes bytes", () => {
    expect(tokenizer.encode("bab")).toEqual([1, id(" "), id("ba"), id("b")]);
    expect(tokenizer.encode("aab", { bos: false, eos: true })).toEqual([id(" a"), id("ab"), 2]);
    expect(tokenizer.encode("é€")).toEqual([1, id(" "), id("é"), 3 + 0xe2, 3 + 0x82, 3 + 0xac]);
    expect(tokenizer.encode("")).toEqual([1]);
  });

  test("as the naive scan does it, and back to the text", () => {
    const unit = fc.constantFrom("a", "b", "é", " ", "x", "€", "\n");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        const ids = tokenizer.encode(text);
        expect(ids).toEqual(naive(tokenizer, text));
        expect(tokenizer.decode(ids)).toBe(text);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("without BOS the leading space stays; unknown ids are empty", () => {
    expect(tokenizer.decode([id(" a"), 99999, id("b"), 2])).toBe(" ab");
    expect(tokenizer.bytesOf(3 + 0xe2)).toBe("\u00e2");
  });
});

dataTest("TinyStories' tokenizer: known tokens, the naive scan, and back to the text", () => {
  const tokenizer = readLlama2cTokenizer(dataPath("stories260K", "tok512.bin"));
  expect(tokenizer.size).toBe(512);
  expect(tokenizer.pieces[403]).toBe(" Once");
  expect(tokenizer.encode("Once upon").map((id) => tokenizer.bytesOf(id))).toEqual(["\n<s>\n", " Once", " upon"]);
  const text = readFileSync(dataPath("tinystories", "validation.txt"), "utf8").slice(0, 100_000);
  const ids = tokenizer.encode(text);
  expect(tokenizer.decode(ids)).toBe(text);
  expect(ids.length).toBeLessThan(text.length / 2);
  for (let start = 0; start < 4000; start += 400) {
    const part = text.slice(start, start + 400);
    expect(tokenizer.encode(part)).toEqual(naive(tokenizer, part));
  }
});

const good = build([["a", -1]]);
const edited = (edit: (bytes: Buffer) => void) => {
  const bytes = Buffer.from(good);
  edit(bytes);
  return bytes;
};
test.each<[string, Buffer, string]>([
  ["a length beyond the longest", edited((bytes) => bytes.writeInt32LE(1000, 8)), "1000 bytes long"],
  ["a negative length", edited((bytes) => bytes.writeInt32LE(-1, 8)), "-1 bytes long"],
  ["a score that is no number", edited((bytes) => bytes.writeFloatLE(Number.NaN, 4)), "the score NaN"],
  ["an end inside a piece", good.subarray(0, -1), "it is truncated"],
  ["an end inside an entry", good.subarray(0, -3), "it is truncated"],
  ["too few tokens", good.subarray(0, 4 + 8 + 5), "begins with 259 fixed ones"],
  ["nothing", Buffer.alloc(0), "too few"],
])("%s is a named error", (_, bytes, message) => {
  expect(() => readLlama2cTokenizer(put(folder, "wrong.bin", bytes))).toThrow(message);
});
