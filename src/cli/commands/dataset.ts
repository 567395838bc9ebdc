/** `subquad dataset`: data sets that stress long context, made without a download. */
import type { Command } from "commander";
import { defaultModel } from "../../pipeline/built-in/models.ts";
import type { DatasetDocument, Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import { jsonOption } from "../options.ts";
import { pairs, table } from "../output.ts";
import { lengths, list, tokens, whole } from "../parse.ts";
import type { Session } from "../session.ts";

type DatasetVerbs = Pick<Verbs, "listOpsDataset" | "classificationDataset" | "retrievalDataset" | "recallDataset">;

interface DatasetFlags {
  readonly count: number;
  readonly seed: number;
  readonly output?: string;
  readonly json?: boolean;
}

interface ListOpsFlags extends DatasetFlags {
  readonly maxDepth: number;
  readonly maxArguments: number;
  readonly minLength: number;
  readonly maxLength: number;
}

interface TextFlags extends DatasetFlags {
  readonly length: number;
}

interface RecallFlags extends DatasetFlags {
  readonly probes: readonly string[];
  readonly lengths: readonly number[];
  readonly text?: string;
}

/** More than any data set is asked for. */
const MAXIMUM_ROWS = 10_000_000;

/** Deeper, wider or longer than anything that is published. */
const MAXIMUM_SIZE = 1_000_000;

/** Levels that drawing a tree may go down. */
const MAXIMUM_DEPTH = 100;

/** The group of commands. */
export function datasetCommand(verbs: DatasetVerbs, session: Session): Command {
  return describedCommand({
    name: "dataset",
    summary: "make data sets that stress long context",
    description:
      "Makes the generated and byte-level tasks of the Long Range Arena (arXiv 2011.04006), one JSON object a line: ListOps by the " +
      "published grammar, classification and retrieval on texts of your own. And texts that ask for what they told before, to train on.",
    examples: [
      { command: "subquad dataset listops --count 96000 --output listops.jsonl", meaning: "as many as are published" },
      {
        command: "subquad dataset retrieval books/ --length 4000 --output retrieval.jsonl",
        meaning: "pairs of pieces",
      },
    ],
  })
    .addCommand(listOpsCommand(verbs, session))
    .addCommand(classificationCommand(verbs, session))
    .addCommand(retrievalCommand(verbs, session))
    .addCommand(recallCommand(verbs, session));
}

function addCommon(command: Command, name: string): Command {
  return command
    .addOption(option("--count <n>", "rows", { parse: whole(1, MAXIMUM_ROWS), fallback: 2000 }))
    .addOption(option("--seed <n>", "seed of the draws", { parse: whole(0), fallback: 0, variable: "SUBQUAD_SEED" }))
    .addOption(option("--output <file>", `the file to write (default: ${name}.jsonl)`))
    .addOption(jsonOption());
}

function listOpsCommand(verbs: DatasetVerbs, session: Session): Command {
  const size = (least: number, most: number, fallback: number) => ({ parse: whole(least, most), fallback });
  const command = describedCommand({
    name: "listops",
    summary: "make nested lists of digits and operators, labelled by their value",
    description:
      "Draws different trees by the published grammar: a node is MIN, MAX, MED (the median, rounded down) or SM (the sum modulo 10) " +
      'of several nodes with a chance of ¼, and a digit otherwise. Rows are {"text": "[MAX 4 [MED 2 9 6 ] 0 ]", "label": 6}.',
    examples: [
      { command: "subquad dataset listops --count 2000 --seed 1 --output test.jsonl", meaning: "a test set" },
      {
        command: "subquad dataset listops --max-depth 5 --min-length 20 --max-length 100 --output short.jsonl",
        meaning: "short ones",
      },
    ],
  })
    .addOption(option("--max-depth <n>", "levels of a tree; the last are digits", size(1, MAXIMUM_DEPTH, 10)))
    .addOption(option("--max-arguments <n>", "most arguments of an operator", size(2, MAXIMUM_SIZE, 10)))
    .addOption(option("--min-length <n>", "trees have more symbols than this", size(0, MAXIMUM_SIZE, 500)))
    .addOption(option("--max-length <n>", "trees have fewer symbols than this", size(2, MAXIMUM_SIZE, 2000)));
  return addCommon(command, "listops").action(async ({ json, output = "listops.jsonl", ...flags }: ListOpsFlags) => {
    session.write(json, await session.run(verbs.listOpsDataset, { ...flags, output }), datasetText);
  });
}

function lengthOption() {
  return option("--length <n>", "bytes of a piece", { parse: tokens, fallback: 4000 });
}

function classificationCommand(verbs: DatasetVerbs, session: Session): Command {
  const name = "classification";
  const command = describedCommand({
    name,
    summary: "make pieces of texts, labelled by the file or folder they are from",
    description:
      "Cuts texts into pieces that do not overlap and draws as many of each class; every file or folder is a class. No piece comes " +
      'twice, so the lines can be divided into training and test sets. Rows are {"text": "…", "label": 0}.',
    examples: [
      {
        command: "subquad dataset classification austen/ chesterton/ --length 1000 --count 400",
        meaning: "whose text is it?",
      },
    ],
  }).argument("<path...>", "text files or folders, two at least, each a class");
  return addCommon(command.addOption(lengthOption()), name).action(
    async (paths: string[], { json, output = `${name}.jsonl`, ...flags }: TextFlags) => {
      const document = await session.run(verbs.classificationDataset, { ...flags, paths, output });
      session.write(json, document, datasetText);
    },
  );
}

function retrievalCommand(verbs: DatasetVerbs, session: Session): Command {
  const name = "retrieval";
  const command = describedCommand({
    name,
    summary: "make pairs of pieces: are they from the same document?",
    description:
      "Cuts texts into pieces that do not overlap and draws pairs, every second of one document. A plain file is a document, a JSONL " +
      'file has one a line. Rows are {"text": "…", "other": "…", "label": 1}; 1 is the same document.',
    examples: [{ command: "subquad dataset retrieval books/ --length 4000 --count 1000", meaning: "pairs from books" }],
  }).argument("<path...>", "text files or folders");
  return addCommon(command.addOption(lengthOption()), name).action(
    async (paths: string[], { json, output = `${name}.jsonl`, ...flags }: TextFlags) => {
      const document = await session.run(verbs.retrievalDataset, { ...flags, paths, output });
      session.write(json, document, datasetText);
    },
  );
}

function recallCommand(verbs: DatasetVerbs, session: Session): Command {
  const name = "recall";
  const command = describedCommand({
    name,
    summary: "make texts that ask for what they told before, to train on",
    description:
      "Draws sequences of the probes of evaluate --recall, none of which it measures: pairs, phone books and needles in a text, each asked " +
      'for again. Rows are {"text": "…", "label": 0}; the label names the probe.',
    examples: [
      {
        command: "subquad dataset recall HuggingFaceTB/SmolLM2-135M --text books/ --lengths 500,1000,2000 --count 600",
        meaning: "to train beside other texts",
      },
    ],
  })
    .argument("[model]", `the model whose tokens lengths are counted in (default: ${defaultModel})`)
    .addOption(
      option("--probes <list>", "key-values, mqar, phone-book, needle, regression, or all", {
        parse: list,
        fallback: ["key-values", "mqar", "phone-book", "needle"],
      }),
    )
    .addOption(
      option("--lengths <list>", "tokens of the texts, in turns", { parse: lengths, fallback: [250, 500, 1000] }),
    )
    .addOption(option("--text <path>", "the text that needles are hidden in (default: the built-in texts)"));
  return addCommon(command, name).action(
    async (model: string = defaultModel, { json, output = `${name}.jsonl`, ...flags }: RecallFlags) => {
      const document = await session.run(verbs.recallDataset, { ...flags, model, output });
      session.write(json, document, datasetText);
    },
  );
}

function datasetText({ output, rows, keys, labels, longest }: DatasetDocument): string {
  const counts = table(
    [{ heading: "label", align: "right" }, { heading: "meaning" }, { heading: "rows", align: "right" }],
    labels.map(({ label, name, rows: own }) => [String(label), name, String(own)]),
  );
  const facts = pairs([
    ["file", output],
    ["rows", String(rows)],
    ["keys", keys.join(", ")],
    ["longest", String(longest)],
  ]);
  return `${facts}\n\n${counts}`;
}
