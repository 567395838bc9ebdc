import fc from "fast-check";
import { expect, test } from "vitest";
import { createTokenizer } from "../../../src/formats/tokenizer/library-tokenizer.ts";
import { tokenizerFromLlama2c } from "../../../src/formats/tokenizer/llama2c.ts";
import { sentencePieceJson } from "../../../src/formats/tokenizer/sentencepiece.ts";

const byteNames = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`);
const words = ["▁", "a", "b", "c", "▁a", "ab", "bc", "abc", "▁ab", "ca", "▁▁", "cab", "bb"];
const pieces = ["<unk>", "<s>", "</s>", ...byteNames, ...words];
const scores = pieces.map((_, id) => (id < 259 ? 0 : -(id - 259)));

function make(addSpacePrefix = true) {
  const json = sentencePieceJson({
    pieces,
    scores,
    control: [1, 2],
    userDefined: [],
    unknown: 0,
    before: [1],
    after: [],
    addSpacePrefix,
  });
  return createTokenizer("pieces", json, { bos_token: "<s>", eos_token: "</s>" });
}

/** SentencePiece's own way: of all neighbours that make a piece, join the pair of highest score, leftmost first. */
function greedy(text: string): number[] {
  let parts = [...`▁${text.replaceAll(" ", "▁")}`];
  for (;;) {
    let best: { at: number; score: number } | undefined;
    for (let at = 0; at + 1 < parts.length; at++) {
      const id = pieces.indexOf(`${parts[at]}${parts[at + 1]}`);
      const score = scores[id] ?? 0;
      if (id >= 259 && (best === undefined || score > best.score)) best = { at, score };
    }
    if (best === undefined) break;
    parts = [...parts.slice(0, best.at), `${parts[best.at]}${parts[best.at + 1]}`, ...parts.slice(best.at + 2)];
  }
  return parts.flatMap((part) => {
    const id = pieces.indexOf(part);
    return id >= 0 ? [id] : [...new TextEncoder().encode(part)].map((byte) => byte + 3);
  });
}

test("merges by score are SentencePiece's greedy joining, with bytes for the rest", () => {
  const tokenizer = make();
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c", " ", "é", "😀"), { minLength: 1 }), (characters) => {
      const text = characters.join("");
      expect(tokenizer.encode(text)).toEqual(greedy(text));
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test("the space in front is put once, and not where the vocabulary wants none", () => {
  expect(make().encode("a")).toEqual([pieces.indexOf("▁a")]);
  expect(make(false).encode("a")).toEqual([pieces.indexOf("a")]);
  expect(make(false).decode(make(false).encode(" a b"))).toBe(" a b");
  expect(make().encode("a", { special: true })).toEqual([1, pieces.indexOf("▁a")]);
});

test("a text with special tokens gives the same ids whole and in parts", async () => {
  const tokenizer = make();
  const text = "ab ca</s> ab c</s>ab </s> a b  ab";
  const whole = tokenizer.encode(text);
  for (let size = 1; size < 9; size++) {
    const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
    const ids: number[] = [];
    for await (const some of tokenizer.encodeParts(parts)) ids.push(...some);
    expect(ids).toEqual(whole);
  }
  // Behind </s> the text begins anew: a space in front, besides its own.
  const end = whole.indexOf(2);
  expect(whole.slice(end + 1, end + 3)).toEqual([pieces.indexOf("▁"), pieces.indexOf("▁ab")]);
});

function llama2cFile(list: [number, string][]): Uint8Array {
  const parts = list.map(([score, piece]) => {
    const text = new TextEncoder().encode(piece);
    const head = new DataView(new ArrayBuffer(8));
    head.setFloat32(0, score, true);
    head.setInt32(4, text.length, true);
    return Buffer.concat([new Uint8Array(head.buffer), text]);
  });
  return Buffer.concat([Buffer.from([7, 0, 0, 0]), ...parts]);
}

test("llama2.c's file is the same vocabulary with spaces and other names", () => {
  const list = pieces.map((piece, id): [number, string] => [scores[id] ?? 0, piece.replaceAll("▁", " ")]);
  list[1] = [0, "\n<s>\n"];
  list[2] = [0, "\n</s>\n"];
  const tokenizer = tokenizerFromLlama2c("tokenizer.bin", llama2cFile(list));
  expect(tokenizer.encode("ab cab é", { special: true })).toEqual([1, ...greedy("ab cab é")]);
  expect(tokenizer.tokenOf(1)).toBe("<s>");
});

test("a truncated or foreign file is refused", () => {
  const file = llama2cFile([
    [0, "<unk>"],
    [0, "a"],
    [0, "b"],
    [0, "c"],
  ]);
  expect(() => tokenizerFromLlama2c("t.bin", file.subarray(0, -1))).toThrow("piece 3 has a length of 1 bytes");
  expect(() => tokenizerFromLlama2c("t.bin", file.subarray(0, -5))).toThrow("ends in the middle of piece 3");
  expect(() => tokenizerFromLlama2c("t.bin", Buffer.alloc(64, 0xff))).toThrow("is no llama2.c tokenizer");
  expect(() => tokenizerFromLlama2c("t.bin", new Uint8Array(4))).toThrow("too few pieces");
});
