import fc from "fast-check";
import { expect, test } from "vitest";
import { byteTokenizer } from "../../../src/formats/tokenizer/bytes.ts";
import { createTokenizer } from "../../../src/formats/tokenizer/library-tokenizer.ts";
import { windowStream } from "../../../src/formats/tokenizer/streaming.ts";

const tokenizer = byteTokenizer();

test("incomplete characters are held back", () => {
  const stream = tokenizer.streamingDecoder();
  const bytes = [...new TextEncoder().encode("a😀é")];
  expect(bytes.map((id) => stream.push(id))).toEqual(["a", "", "", "", "😀", "", "é"]);
  expect(stream.end()).toBe("");
});

test("what never becomes a character comes out at the end", () => {
  const stream = tokenizer.streamingDecoder();
  expect([stream.push(0xf0), stream.push(0x9f), stream.end()]).toEqual(["", "", "\uFFFD"]);
});

test("the parts joined are the whole, even for arbitrary bytes", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 256 })), (ids) => {
      const stream = tokenizer.streamingDecoder();
      expect(ids.map((id) => stream.push(id)).join("") + stream.end()).toBe(tokenizer.decode(ids));
    }),
  );
});

test("special tokens can be left out", () => {
  const stream = tokenizer.streamingDecoder({ skipSpecial: true });
  expect([0x61, 256, 0x62].map((id) => stream.push(id))).toEqual(["a", "", "b"]);
});

test("a window over any decoder gives the whole text, and does not wait for ever", () => {
  const decode = (ids: number[]): string => new TextDecoder().decode(Uint8Array.from(ids));
  const bytes = [...new TextEncoder().encode("né 日本 😀!")];
  const stream = windowStream(decode);
  const parts = bytes.map((id) => stream.push(id));
  expect(parts.join("") + stream.end()).toBe("né 日本 😀!");
  expect(parts).not.toContain("\uFFFD");
  const broken = windowStream(decode);
  expect(Array.from({ length: 20 }, () => broken.push(0xff)).join("").length).toBeGreaterThan(8);
});

test("WordPiece, whose text is more than its tokens joined, streams through the window", () => {
  const vocab = Object.fromEntries(["[UNK]", "hel", "##lo", "world", "!"].map((token, id) => [token, id]));
  const wordPiece = createTokenizer("word pieces", {
    pre_tokenizer: { type: "Whitespace" },
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", vocab },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  });
  const ids = wordPiece.encode("hello world !");
  expect(ids).toEqual([1, 2, 3, 4]);
  const stream = wordPiece.streamingDecoder();
  expect(ids.map((id) => stream.push(id)).join("") + stream.end()).toBe(wordPiece.decode(ids));
});
