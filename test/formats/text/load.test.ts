import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { TextFile } from "../../../src/formats/text/document.ts";
import { loadDocuments } from "../../../src/formats/text/load.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subquad-text-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

/** All documents, with texts joined. */
async function load(...paths: string[]): Promise<{ documents: unknown[]; files: TextFile[] }> {
  const files: TextFile[] = [];
  const documents: unknown[] = [];
  for await (const document of loadDocuments(paths, (file) => files.push(file))) {
    if (document.kind === "chat") {
      documents.push([document.source, document.messages]);
      continue;
    }
    let text = "";
    for await (const part of document.parts) text += part;
    documents.push([document.source, text]);
  }
  return { documents, files };
}

test("a plain file is one document, with its hash", async () => {
  const content = `${"0123456789é日😀 ".repeat(150_000)}end`;
  const path = await put("a.txt", content);
  const { documents, files } = await load(path);
  expect(documents).toHaveLength(1);
  expect(documents[0]).toEqual([path, content]);
  const sha256 = createHash("sha256").update(content).digest("hex");
  expect(files).toEqual([{ path, bytes: Buffer.byteLength(content), sha256, whole: true }]);
});

test("JSONL has a document a line; blank lines and empty texts are passed over", async () => {
  const messages = [{ role: "user", content: "Hi" }];
  const rows = [{ text: "one\ntwo", id: 7 }, { text: "" }, { messages }].map((row) => JSON.stringify(row));
  const path = await put("a.jsonl", `${rows[0]}\r\n\n${rows[1]}\n${rows[2]}`);
  expect((await load(path)).documents).toEqual([
    [`${path}:1`, "one\ntwo"],
    [`${path}:4`, messages],
  ]);
});

test("lines longer than a part of the file are whole", async () => {
  const texts = ["a".repeat(3_000_000), "b", "é".repeat(1_500_000)];
  const path = await put("a.jsonl", texts.map((text) => JSON.stringify({ text })).join("\n"));
  const { documents, files } = await load(path);
  expect(documents).toEqual(texts.map((text, index) => [`${path}:${index + 1}`, text]));
  expect(files).toHaveLength(1);
});

test("a folder stands for its texts by name", async () => {
  await put("b.txt", "b");
  await put("a.jsonl", '{"text": "a"}');
  await put("notes.md", "not this");
  await mkdir(join(folder, "deeper.txt.d"));
  expect((await load(folder)).documents).toEqual([
    [`${join(folder, "a.jsonl")}:1`, "a"],
    [join(folder, "b.txt"), "b"],
  ]);
  expect((await load(join(folder, "notes.md"), join(folder, "b.txt"))).documents).toHaveLength(2);
});

test.each([
  ['{"text": "a"}\n{"text": ', ":2: is not valid JSON"],
  ['{"text": "a"}\n\n[1]', ":3: is not an object"],
  ['{"prompt": "a", "completion": "b"}', ':1: has neither "text" nor "messages", only prompt, completion'],
  ['{"text": 5}', ':1: has neither "text" nor "messages", only text'],
  ['{"messages": []}', ':1: "messages" is no conversation'],
  ['{"messages": [{"content": "a"}]}', ':1: "messages" is no conversation'],
  ["\n \n", ": holds no documents"],
])("malformed JSONL %j is named with its line", async (content, message) => {
  const path = await put("a.jsonl", content);
  await expect(load(path)).rejects.toThrow(`${path}${message}`);
});

test("files that are empty, missing, packed, or not UTF-8 are named", async () => {
  await expect(load(await put("empty.txt", ""))).rejects.toThrow("empty.txt: is empty");
  await expect(load(await put("empty.jsonl", ""))).rejects.toThrow("empty.jsonl: is empty");
  await expect(load(join(folder, "absent.txt"))).rejects.toThrow("absent.txt: there is no such file");
  await expect(load(await put("x.parquet", "PAR1"))).rejects.toThrow("export it as JSONL");
  await expect(load()).rejects.toThrow("pass --text PATH");
  const latin = Buffer.concat([Buffer.alloc(1_500_000, 0x61), Buffer.from([0xe9, 0x20])]);
  await expect(load(await put("latin.txt", latin))).rejects.toThrow(
    "latin.txt: is not valid UTF-8 at byte 1500000; convert it first",
  );
  await expect(load(await put("cut.txt", Buffer.from([0x61, 0xc3])))).rejects.toThrow("is not valid UTF-8");
  await mkdir(join(folder, "none"));
  await expect(load(join(folder, "none"))).rejects.toThrow("holds no .txt or .jsonl files");
});
