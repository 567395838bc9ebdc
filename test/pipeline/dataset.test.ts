/** `dataset` writes whole files of what it says, and nothing where it fails. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { keyValues } from "../../src/evaluation/recall/key-values.ts";
import { datasetSchema } from "../../src/pipeline/contract.ts";
import { classificationDataset, listOpsDataset, retrievalDataset } from "../../src/pipeline/dataset.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { recallDataset } from "../../src/pipeline/recall-dataset.ts";
import { recordingContext } from "./context.ts";

const folder = await mkdtemp(join(tmpdir(), "subquad-dataset-"));
afterAll(() => rm(folder, { recursive: true }));

async function rowsOf(path: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const small = { maxDepth: 4, maxArguments: 4, minLength: 3, maxLength: 50 };

test("listops, a JSON object a line, counted by label", async () => {
  const output = join(folder, "new", "listops.jsonl");
  const report = recordingContext();
  const document = await listOpsDataset({ count: 250, seed: 3, output, ...small }, report.context);
  expect(datasetSchema.parse(document)).toEqual(document);
  const rows = await rowsOf(output);
  expect(rows).toHaveLength(250);
  expect(document).toMatchObject({ output, rows: 250, keys: ["text", "label"] });
  for (const { label, rows: count } of document.labels) {
    expect(count).toBe(rows.filter((row) => row.label === label).length);
  }
  expect(document.longest).toBe(Math.max(...rows.map(({ text }) => String(text).split(" ").length)));
  expect(report.stages).toEqual([{ name: "listops", done: 200, ended: 1 }]);
  await listOpsDataset({ count: 250, seed: 3, output: join(folder, "again.jsonl"), ...small }, report.context);
  expect(await rowsOf(join(folder, "again.jsonl"))).toEqual(rows);
});

test("pieces of files and rows", async () => {
  const { context } = recordingContext();
  const [book, lines, output] = ["book.txt", "lines.jsonl", "out.jsonl"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(book, "b".repeat(500));
  await writeFile(lines, ["c", "d"].map((letter) => `${JSON.stringify({ text: letter.repeat(200) })}\n`).join(""));
  const common = { count: 8, seed: 0, output, length: 50 };
  const classes = await classificationDataset({ ...common, paths: [book, lines] }, context);
  expect(classes.labels).toEqual([
    { label: 0, name: book, rows: 4 },
    { label: 1, name: lines, rows: 4 },
  ]);
  expect(classes.longest).toBe(50);
  for (const { text, label } of await rowsOf(output)) expect(label).toBe(String(text).startsWith("b") ? 0 : 1);
  const pairs = await retrievalDataset({ ...common, paths: [book, lines] }, context);
  expect(pairs.keys).toEqual(["text", "other", "label"]);
  expect(pairs.labels.map(({ rows }) => rows)).toEqual([4, 4]);
  for (const { text, other, label } of await rowsOf(output)) {
    expect(label).toBe(String(text)[0] === String(other)[0] ? 1 : 0);
  }
});

test("recall's texts are of the wanted lengths, by turns, and none of them is measured", async () => {
  const output = join(folder, "recall.jsonl");
  const { context } = recordingContext();
  const options = { model: "tiny", probes: ["key-values", "needle"], lengths: [500, 800], count: 6, seed: 0, output };
  const { labels, rows } = await recallDataset(options, context);
  expect([rows, labels.map(({ name, rows: own }) => [name, own])]).toEqual([
    6,
    [
      ["key-values", 3],
      ["needle", 3],
    ],
  ]);
  const { tokenizer } = await openModel("tiny");
  const texts = (await rowsOf(output)).map(({ text }) => String(text));
  for (const [index, text] of texts.entries()) {
    const wanted = options.lengths[Math.floor(index / 2) % 2] ?? 0;
    expect(tokenizer.encode(text).length).toBeLessThanOrEqual(wanted + 1);
    expect(tokenizer.encode(text).length).toBeGreaterThan(0.8 * wanted);
  }
  const measured = [0, 1, 2, 3].map((seed) => tokenizer.decode(keyValues.build(tokenizer, 500, seed).ids));
  expect(texts.filter((text) => measured.includes(text))).toEqual([]);
});

test("an interruption or an impossible wish leaves no file", async () => {
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  const output = join(folder, "none.jsonl");
  const stopped = listOpsDataset({ count: 5000, seed: 0, output, ...small }, recordingContext(stop.signal).context);
  await expect(stopped).rejects.toThrow("enough");
  const { context } = recordingContext();
  const impossible = listOpsDataset({ count: 5, seed: 0, output, ...small, maxDepth: 1 }, context);
  await expect(impossible).rejects.toThrow("no tree of depth 1");
  expect((await readdir(folder)).filter((name) => name.startsWith("none"))).toEqual([]);
});
