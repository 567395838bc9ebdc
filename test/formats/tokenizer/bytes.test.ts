import fc from "fast-check";
import { expect, test } from "vitest";
import { BYTE_END_OF_TEXT, byteTokenizer } from "../../../src/formats/tokenizer/bytes.ts";
import { createTokenizer } from "../../../src/formats/tokenizer/library-tokenizer.ts";

const tokenizer = byteTokenizer(["<|user|>", "<|assistant|>"]);

test("ids are the bytes of the text's UTF-8, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const ids = tokenizer.encode(text);
      expect(ids).toEqual([...new TextEncoder().encode(text)]);
      expect(tokenizer.decode(ids)).toBe(text);
    }),
    { numRuns: 300 },
  );
});

test("special tokens follow the bytes", () => {
  expect(tokenizer.vocabularySize).toBe(259);
  expect(tokenizer.encode("<|user|>é<|endoftext|>")).toEqual([257, 0xc3, 0xa9, BYTE_END_OF_TEXT]);
  expect(tokenizer.endOfText).toBe(BYTE_END_OF_TEXT);
  expect(tokenizer.documentSeparator).toBe(BYTE_END_OF_TEXT);
  expect([...tokenizer.specialIds]).toEqual([256, 257, 258]);
  expect(tokenizer.decode([257, 0xc3, 0xa9, 256], { skipSpecial: true })).toBe("é");
});

test("its files make the same tokenizer again", () => {
  const { files } = tokenizer;
  const again = createTokenizer("again", JSON.parse(JSON.stringify(files?.tokenizer)), files?.config);
  const text = "Zwölf Boxkämpfer 🥊 jagen\n\n\tViktor\u0000 <|assistant|>  ok ";
  expect(again.encode(text)).toEqual(tokenizer.encode(text));
  expect(again.endOfText).toBe(256);
});

test("bytes that are no character decode to U+FFFD, and ids outside are refused", () => {
  expect(tokenizer.decode([0x61, 0xff, 0x62])).toBe("a\uFFFDb");
  expect(() => tokenizer.decode([259])).toThrow("there is no token 259; ids go from 0 to 258");
  expect(tokenizer.decode([])).toBe("");
  expect(tokenizer.encode("")).toEqual([]);
});
