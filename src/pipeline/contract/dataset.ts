/** The options and the document of `dataset`. */
import { z } from "zod";

interface DatasetOptions {
  readonly count: number;
  readonly seed: number;
  /** The JSONL file to write. */
  readonly output: string;
}

/** `dataset listops`: trees of the Long Range Arena's grammar. */
export interface ListOpsOptions extends DatasetOptions {
  readonly maxDepth: number;
  readonly maxArguments: number;
  /** Symbols that trees have more of, and fewer. */
  readonly minLength: number;
  readonly maxLength: number;
}

/** `dataset classification` and `dataset retrieval`: pieces of the user's own texts. */
export interface TextDatasetOptions extends DatasetOptions {
  /** Text files or folders. */
  readonly paths: readonly string[];
  /** Bytes of a piece. */
  readonly length: number;
}

/** `dataset recall`: sequences of the probes of recall, as texts to train on. */
export interface RecallDatasetOptions extends DatasetOptions {
  /** The model, or its tokenizer, whose tokens lengths are counted in. */
  readonly model: string;
  /** Names of probes. */
  readonly probes: readonly string[];
  /** Tokens of the texts, in turns. */
  readonly lengths: readonly number[];
  /** A text file or folder that needles are hidden in (default: the built-in texts). */
  readonly text?: string;
}

/** What `dataset` returns. */
export const datasetSchema = z.object({
  output: z.string().describe("The file that was written: one JSON object a line"),
  rows: z.int().nonnegative(),
  keys: z.array(z.string()).describe("The keys of a row"),
  labels: z
    .array(z.object({ label: z.int().nonnegative(), name: z.string(), rows: z.int().nonnegative() }))
    .describe("What each label stands for, and how many rows have it"),
  longest: z.int().nonnegative().describe("Symbols of the longest list, or bytes of the longest text"),
});
export type DatasetDocument = z.infer<typeof datasetSchema>;
