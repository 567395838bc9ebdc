import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ChatTemplate, chatTemplateOf } from "../../../src/formats/chat.ts";
import { textDocument } from "../../../src/formats/text/document.ts";
import { splitHeldOut, TokenCollector } from "../../../src/formats/text/token-stream.ts";
import { tokenizeDocuments, tokenizeText } from "../../../src/formats/text/tokenize.ts";
import { byteTokenizer } from "../../../src/formats/tokenizer/bytes.ts";
import { loadTokenizer } from "../../../src/formats/tokenizer/files.ts";
import { dataPath, dataTest } from "../../data.ts";

const tokenizer = byteTokenizer();
const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];
const template = new ChatTemplate(
  "t",
  "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}<|endoftext|>{% endfor %}{% if add_generation_prompt %}a:{% endif %}",
);
const chat = (...contents: string[]) => ({
  kind: "chat" as const,
  source: "chat.jsonl:1",
  messages: contents.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content })),
});

test("one text has no token added, several have the separator between them", async () => {
  const one = await tokenizeDocuments([textDocument("a", "é a")], tokenizer);
  expect([...one.ids]).toEqual(bytes("é a"));
  expect(one.mask).toBeUndefined();
  const two = await tokenizeDocuments([textDocument("a", "é"), textDocument("b", "b")], tokenizer);
  expect([...two.ids]).toEqual([...bytes("é"), 256, ...bytes("b")]);
  const other = await tokenizeDocuments([textDocument("a", "a"), textDocument("b", "b")], tokenizer, { separator: 7 });
  expect([...other.ids]).toEqual([97, 7, 98]);
});

test("of conversations the replies are learned, of texts all", async () => {
  const documents = [textDocument("a", "xy"), chat("Q", "R"), textDocument("b", "z")];
  const { ids, mask } = await tokenizeDocuments(documents, tokenizer, { template });
  const E = 256;
  expect([...ids]).toEqual([...bytes("xy"), E, ...bytes("u:Q"), E, ...bytes("a:R"), E, E, ...bytes("z")]);
  expect([...(mask ?? [])]).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1]);
});

test("a conversation without a template, and no tokens at all, are named", async () => {
  await expect(tokenizeDocuments([chat("Q", "R")], tokenizer)).rejects.toThrow("chat.jsonl:1: is a conversation");
  await expect(tokenizeDocuments([], tokenizer)).rejects.toThrow("no tokens");
});

test("a limit cuts the stream and stops reading", async () => {
  const folder = await mkdtemp(join(tmpdir(), "subquad-limit-"));
  const content = Buffer.from("some words ".repeat(400_000));
  await writeFile(join(folder, "a.txt"), content);
  await writeFile(join(folder, "b.txt"), "never reached");
  const seen: number[] = [];
  const stream = await tokenizeText([folder], tokenizer, { limit: 1000, onProgress: (tokens) => seen.push(tokens) });
  expect([...stream.ids]).toEqual([...content.subarray(0, 1000)]);
  expect(seen.length).toBeGreaterThan(0);
  const [file, ...others] = stream.files;
  expect(others).toEqual([]);
  expect(file).toMatchObject({ path: join(folder, "a.txt"), whole: false });
  expect(file?.bytes).toBeLessThan(content.length);
  const read = content.subarray(0, file?.bytes);
  expect(file?.sha256).toBe(createHash("sha256").update(read).digest("hex"));
  await rm(folder, { recursive: true });
});

test("the collector grows and keeps ids and mask in step", () => {
  const collector = new TokenCollector();
  const expected: number[] = [];
  const learned: number[] = [];
  for (let index = 0; index < 300; index++) {
    const ids = Array.from({ length: 997 }, (_, offset) => index * 1000 + offset);
    const mask = index < 200 ? true : index % 2 === 0;
    collector.push(ids, mask);
    for (const id of ids) expected.push(id);
    for (const _ of ids) learned.push(mask ? 1 : 0);
  }
  const { ids, mask } = collector.finish();
  expect(Buffer.from(ids.buffer).equals(Buffer.from(Int32Array.from(expected).buffer))).toBe(true);
  expect(mask === undefined ? undefined : Buffer.from(mask).equals(Buffer.from(learned))).toBe(true);
});

test("the last 5 % are held out", () => {
  const ids = Int32Array.from({ length: 41 }, (_, index) => index);
  const { train, heldOut } = splitHeldOut({ ids, mask: new Uint8Array(41).fill(1, 40) });
  expect([train.ids.length, heldOut.ids.length]).toEqual([39, 2]);
  expect([...heldOut.ids]).toEqual([39, 40]);
  expect([...(heldOut.mask ?? [])]).toEqual([0, 1]);
  expect(splitHeldOut({ ids, mask: undefined }, 0).train.ids).toHaveLength(41);
  expect(() => splitHeldOut({ ids, mask: undefined }, 1)).toThrow("below 1, not 1");
});

dataTest("a file read in parts has the tokens of the whole text", async () => {
  const golden = JSON.parse(await readFile(dataPath("smollm2", "golden.json"), "utf8"));
  const smollm = await loadTokenizer(dataPath("smollm2"));
  const path = dataPath("wikitext-2", "test.txt");
  const { ids, mask, files } = await tokenizeText([path], smollm, { template: chatTemplateOf("smollm2", smollm) });
  expect(ids).toHaveLength(golden.text.tokens);
  expect([...ids.subarray(0, 32)]).toEqual(golden.text.first_32);
  expect([...ids.subarray(-8)]).toEqual(golden.text.last_8);
  expect(mask).toBeUndefined();
  expect(files[0]?.whole).toBe(true);
});
