import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { byteTokenizer } from "../../../src/formats/tokenizer/bytes.ts";
import { loadTokenizer, saveTokenizer } from "../../../src/formats/tokenizer/files.ts";
import { createTokenizer } from "../../../src/formats/tokenizer/library-tokenizer.ts";

const vocab = { a: 0, b: 1, Ġ: 2, Ġb: 3 };
const base = {
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
  decoder: { type: "ByteLevel" },
  model: { type: "BPE", vocab, merges: [["Ġ", "b"]] },
};

test("a post-processor's tokens are added on demand", () => {
  const template = {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "<s>", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "</s>", type_id: 0 } },
    ],
    special_tokens: {
      "<s>": { id: "<s>", ids: [4], tokens: ["<s>"] },
      "</s>": { id: "</s>", ids: [5], tokens: ["</s>"] },
    },
  };
  const added = [
    { id: 4, content: "<s>", special: true },
    { id: 5, content: "</s>", special: true },
  ];
  const tokenizer = createTokenizer(
    "t",
    { ...base, added_tokens: added, post_processor: template },
    { bos_token: "<s>" },
  );
  expect(tokenizer.encode("a b")).toEqual([0, 3]);
  expect(tokenizer.encode("a b", { special: true })).toEqual([4, 0, 3, 5]);
  expect(tokenizer.encode("", { special: true })).toEqual([4, 5]);
  expect(tokenizer.beginningOfText).toBe(4);
  expect(tokenizer.documentSeparator).toBe(5);
});

test("tokens that only tokenizer_config.json adds count", () => {
  const config = { added_tokens_decoder: { 4: { content: "<x>", special: true } }, eos_token: { content: "<x>" } };
  const tokenizer = createTokenizer("t", base, config);
  expect(tokenizer.encode("a<x>b")).toEqual([0, 4, 1]);
  expect(tokenizer.endOfText).toBe(4);
  expect(tokenizer.vocabularySize).toBe(5);
});

test("an unknown step, a malformed vocabulary and an absurd id are named", () => {
  expect(() => createTokenizer("t.json", { ...base, pre_tokenizer: { type: "Martian" } })).toThrow(/t\.json.*Martian/);
  expect(() => createTokenizer("t.json", { model: { vocab: { a: -1 }, merges: [] } })).toThrow(/t\.json[\s\S]*vocab/);
  expect(() => createTokenizer("t.json", { model: { vocab: { a: 2 ** 30 } } })).toThrow("the id 1073741824");
  expect(() => createTokenizer("t.json", [])).toThrow("t.json: is not a tokenizer");
});

test("saved files are read back, and a template beside them comes along", async () => {
  const folder = await mkdtemp(join(tmpdir(), "subquad-tokenizer-"));
  await expect(loadTokenizer(folder)).rejects.toThrow("has no tokenizer.json; name one with --tokenizer FILE");
  await saveTokenizer(byteTokenizer(), folder);
  await writeFile(join(folder, "chat_template.jinja"), "{{ messages }}");
  const again = await loadTokenizer(folder);
  expect(again.encode("é")).toEqual([0xc3, 0xa9]);
  expect(again.files?.config.chat_template).toBe("{{ messages }}");
  expect(JSON.parse(await readFile(join(folder, "tokenizer_config.json"), "utf8")).eos_token).toBe("<|endoftext|>");
  await writeFile(join(folder, "tokenizer.json"), "{");
  await expect(loadTokenizer(folder)).rejects.toThrow("is not valid JSON");
  await expect(loadTokenizer(join(folder, "nowhere"))).rejects.toThrow("there is no such file or folder");
  await rm(folder, { recursive: true });
});

test("a text without any space is encoded whole, however long", () => {
  const text = "ab".repeat(200_000);
  expect(byteTokenizer().encode(text)).toHaveLength(400_000);
});

test("steps whose reach is not known are run on the whole text", async () => {
  const split = { type: "Split", pattern: { Regex: ".{3}" }, behavior: "Isolated", invert: false };
  const tokenizer = createTokenizer("t", {
    ...base,
    pre_tokenizer: { type: "Sequence", pretokenizers: [split, { type: "ByteLevel", use_regex: false }] },
  });
  // Cut in threes, " b" at 3 is one token and " b" at 2 is none.
  expect(tokenizer.encode("aab baa b")).toEqual([0, 0, 1, 3, 0, 0, 3]);
  const ids: number[] = [];
  for await (const some of tokenizer.encodeParts(["aab", " ba", "a b"])) ids.push(...some);
  expect(ids).toEqual([0, 0, 1, 3, 0, 0, 3]);
});
