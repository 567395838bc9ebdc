/** `dataset recall`: texts that ask for what they told before, to train on; no sequence that `evaluate` draws. */
import type { DatasetDocument, RecallDatasetOptions, Verb } from "./contract.ts";
import { writeRows } from "./dataset.ts";
import { openModel } from "./open-model.ts";
import { namedProbes } from "./recall.ts";
import { evaluationText } from "./training-text.ts";

/** Seeds from here on are for training: measurements number theirs from 0. */
const firstSeed = 1_000_000_000;

/** Seeds of one data set, so that no two share a sequence. */
const seedsApart = 10_000_000;

/** Sequences of the probes in turns, each at the lengths in turns. */
export const recallDataset: Verb<RecallDatasetOptions, DatasetDocument> = async (options, context) => {
  const { model, probes: names, lengths, count, seed, text } = options;
  const opened = await openModel(model, { reporter: context.reporter });
  const { tokenizer } = opened;
  const hay = text === undefined ? undefined : await evaluationText(text, opened);
  const probes = namedProbes("--probes", names, { tokenizer, hay });
  function* rows() {
    for (let index = 0; index < count; index++) {
      const label = index % probes.length;
      const length = lengths[Math.floor(index / probes.length) % lengths.length] ?? 0;
      const sequence = probes[label]?.build(tokenizer, length, firstSeed + seed * seedsApart + index);
      yield { text: tokenizer.decode(sequence?.ids ?? []), label };
    }
  }
  const sizeOf = ({ text: written }: { text: string }) => Buffer.byteLength(written);
  return writeRows(rows(), { ...options, name: "recall", labels: probes.map(({ name }) => name), sizeOf }, context);
};
