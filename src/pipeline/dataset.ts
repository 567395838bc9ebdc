/** `dataset`: data sets that stress long context, made here: no download. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Draw } from "../evaluation/draw.ts";
import { classification } from "../evaluation/long-range/classification.ts";
import { listOps } from "../evaluation/long-range/listops.ts";
import { cutDocuments } from "../evaluation/long-range/pieces.ts";
import { retrieval } from "../evaluation/long-range/retrieval.ts";
import { loadDocuments } from "../formats/text/load.ts";
import { writeWholeFile } from "../formats/whole-file.ts";
import type { Context, DatasetDocument, ListOpsOptions, TextDatasetOptions, Verb } from "./contract.ts";

interface Row {
  readonly text: string;
  readonly label: number;
}

/** How a set's rows are written and counted. */
interface Writing {
  readonly name: string;
  readonly output: string;
  readonly count: number;
  /** What the labels stand for, from 0 on. */
  readonly labels: readonly string[];
  readonly sizeOf: (row: Row) => number;
}

/** Rows between two reports of progress. */
const reported = 100;

/** ListOps: nested lists of digits and operators, whose value is the label. */
export const listOpsDataset: Verb<ListOpsOptions, DatasetDocument> = (options, context) => {
  const labels = Array.from({ length: 10 }, (_unused, value) => String(value));
  const sizeOf = ({ text }: Row) => text.split(" ").length;
  const rows = listOps(new Draw(options.seed, "listops"), options.count, options);
  return writeRows(rows, { ...options, name: "listops", labels, sizeOf }, context);
};

/** Pieces of texts; every path is a class. */
export const classificationDataset: Verb<TextDatasetOptions, DatasetDocument> = async (options, context) => {
  const { paths, length, seed, count } = options;
  const classes = await Promise.all(
    paths.map(async (path) => ({ name: path, documents: await cutDocuments(loadDocuments([path]), length) })),
  );
  const rows = classification(new Draw(seed, "classification"), count, classes);
  return writeRows(rows, { ...options, name: "classification", labels: paths, sizeOf: bytesOf }, context);
};

/** Pairs of pieces, of one document or of two. */
export const retrievalDataset: Verb<TextDatasetOptions, DatasetDocument> = async (options, context) => {
  const { paths, length, seed, count } = options;
  const documents = await cutDocuments(loadDocuments(paths), length);
  const rows = retrieval(new Draw(seed, "retrieval"), count, documents);
  const labels = ["of two documents", "of the same document"];
  return writeRows(rows, { ...options, name: "retrieval", labels, sizeOf: bytesOf }, context);
};

const bytesOf = ({ text }: Row) => Buffer.byteLength(text);

/** Writes rows and counts their labels, beside and renamed. */
export async function writeRows(
  rows: Iterable<Row>,
  { name, output, count, labels, sizeOf }: Writing,
  { reporter, signal }: Context,
): Promise<DatasetDocument> {
  const counts = labels.map(() => 0);
  let keys: string[] = [];
  let [done, longest] = [0, 0];
  const progress = reporter.stage(name, { steps: count });
  try {
    await mkdir(dirname(output), { recursive: true });
    await writeWholeFile(output, async (append) => {
      for (const row of rows) {
        append(Buffer.from(`${JSON.stringify(row)}\n`));
        keys = Object.keys(row);
        counts[row.label] = (counts[row.label] ?? 0) + 1;
        longest = Math.max(longest, sizeOf(row));
        if (++done % reported > 0) continue;
        progress.update({ done });
        // Drawing never waits: an interruption is only seen between turns.
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
      }
    });
  } finally {
    progress.end();
  }
  const labelled = labels.map((label, index) => ({ label: index, name: label, rows: counts[index] ?? 0 }));
  return { output, rows: done, keys, labels: labelled, longest };
}
