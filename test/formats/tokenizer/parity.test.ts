/** Against ids from Python: transformers (golden.json) and the tokenizers library 0.23 (the literals below). */
import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { loadTokenizer } from "../../../src/formats/tokenizer/files.ts";
import type { Tokenizer } from "../../../src/formats/tokenizer/tokenizer.ts";
import { dataPath, dataTest } from "../../data.ts";

const SOURCES = ["smollm2/tokenizer.json", "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"];

for (const source of SOURCES) {
  dataTest(`${source} gives transformers' ids`, async () => {
    const golden = JSON.parse(await readFile(dataPath("smollm2", "golden.json"), "utf8"));
    const tokenizer = await loadTokenizer(dataPath(source));
    const text = await readFile(dataPath(golden.text.file), "utf8");
    const ids = tokenizer.encode(text);
    expect(ids).toHaveLength(golden.text.tokens);
    expect(ids.slice(0, 32)).toEqual(golden.text.first_32);
    expect(ids.slice(-8)).toEqual(golden.text.last_8);
    expect(tokenizer.decode(ids) === text).toBe(true);
    for (const prompt of golden.prompts) {
      expect(tokenizer.encode(prompt.text)).toEqual(prompt.ids);
      expect(tokenizer.decode(prompt.greedy_32)).toBe(prompt.greedy_text);
    }
    expect(tokenizer.endOfText).toBe(2);
    expect(tokenizer.documentSeparator).toBe(0);
    expect(tokenizer.specialIds.size).toBe(17);
    expect(tokenizer.vocabularySize).toBe(49152);
  });
}

const TRICKY = "Hello, world! It's 2024²—\u0085 naïve e\u0301 日本 😀\n\n  x = {1}\r\n\t\uFEFF <|endoftext|>end";

/** Unicode's white space and numbers are where JavaScript's own classes go wrong. */
const TRICKY_IDS: Record<string, number[]> = {
  smollm2: [
    19556, 28, 905, 17, 657, 506, 216, 34, 32, 34, 36, 19133, 1265, 141, 223, 15486, 46494, 297, 151, 219, 17097, 241,
    115, 40993, 40303, 218, 8866, 1792, 446, 1662, 33, 109, 2738, 197, 186, 136, 140, 216, 0, 486,
  ],
  "tokenizers/gpt2": [
    15496, 11, 995, 0, 632, 338, 48609, 31185, 960, 126, 227, 41492, 304, 136, 223, 10545, 245, 98, 17312, 105, 30325,
    222, 628, 220, 2124, 796, 1391, 16, 92, 201, 198, 197, 171, 119, 123, 220, 50256, 437,
  ],
  "tokenizers/gpt-neox-20b": [
    12092, 13, 1533, 2, 733, 434, 1384, 1348, 15818, 1128, 16643, 36060, 3974, 209, 49868, 49042, 211, 535, 50276, 89,
    426, 551, 18, 94, 2379, 186, 41497, 209, 0, 423,
  ],
  "tokenizers/qwen3": [
    9707, 11, 1879, 0, 1084, 594, 220, 17, 15, 17, 19, 29456, 2293, 126, 227, 94880, 586, 3958, 75402, 21894, 90316,
    271, 220, 856, 284, 314, 16, 1771, 197, 3225, 220, 151643, 408,
  ],
};

for (const [folder, ids] of Object.entries(TRICKY_IDS)) {
  dataTest(`${folder} gives Python's ids for a text of corner cases, and its parts those of the whole`, async () => {
    const tokenizer = await loadTokenizer(dataPath(folder));
    expect(tokenizer.encode(TRICKY)).toEqual(ids);
    // NFC joins e and its accent in two of them; all else comes back.
    expect(tokenizer.decode(ids).normalize("NFC")).toBe(TRICKY.normalize("NFC"));
    expect(tokenizer.decode(ids, { skipSpecial: true })).not.toContain("<|endoftext|>");
    const text = (await readFile(dataPath("tinystories", "validation.txt"), "utf8")).slice(0, 60_000);
    expect(await encodeInParts(tokenizer, text)).toEqual(tokenizer.encode(text));
  });
}

async function encodeInParts(tokenizer: Tokenizer, text: string): Promise<number[]> {
  const parts: string[] = [];
  for (let at = 0, size = 1; at < text.length; at += size, size = (size * 7) % 4001) {
    parts.push(text.slice(at, at + size));
  }
  const ids: number[] = [];
  for await (const some of tokenizer.encodeParts(parts)) ids.push(...some);
  return ids;
}

dataTest("what the tokenizers say of themselves", async () => {
  const gpt2 = await loadTokenizer(dataPath("tokenizers", "gpt2"));
  expect(gpt2.vocabularySize).toBe(50257);
  expect(gpt2.documentSeparator).toBe(50256);
  expect(gpt2.endOfText).toBeUndefined();
  const neox = await loadTokenizer(dataPath("tokenizers", "gpt-neox-20b", "tokenizer.json"));
  expect([neox.vocabularySize, neox.documentSeparator]).toEqual([50277, 0]);
  const qwen = await loadTokenizer(dataPath("tokenizers", "qwen3"));
  expect(qwen.tokenOf(151645)).toBe("<|im_end|>");
  expect([qwen.endOfText, qwen.documentSeparator, qwen.padding]).toEqual([151645, 151643, 151643]);
  expect(qwen.beginningOfText).toBeUndefined();
  expect(qwen.idOf("Ġthe")).toBe(279);
});

dataTest("llama2.c's tokenizer gives the ids that llama2.c gives", async () => {
  const tokenizer = await loadTokenizer(dataPath("stories260K", "tok512.bin"));
  const ids = [1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 426];
  expect(tokenizer.encode("Once upon a time, there was a little girl.", { special: true })).toEqual(ids);
  expect(tokenizer.decode(ids, { skipSpecial: true })).toBe("Once upon a time, there was a little girl.");
  expect([tokenizer.beginningOfText, tokenizer.endOfText, tokenizer.vocabularySize]).toEqual([1, 2, 512]);
});
