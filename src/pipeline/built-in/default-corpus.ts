/** The built-in texts as one corpus, drawn anew for each length: what the built-in model was trained on and is converted on. */
import { type CorpusOptions, heldOutDocuments, loadBooks, trainingDocuments } from "./corpus.ts";

/** How a corpus is drawn. */
export interface BuiltInOptions {
  /** Tokens of a training sequence; a document fills it but for the end-of-text token before the next. */
  readonly length: number;
  /** Tokens wanted for training. */
  readonly tokens: number;
  /** Share of documents that are plain passages of a book. */
  readonly bookShare: number;
  /** Share of the generated episodes that are dense repetition. */
  readonly drillShare: number;
}

/** The corpus a conversion learns from where no text is named. */
export const defaultCorpus: BuiltInOptions = { length: 768, tokens: 4_000_000, bookShare: 0.3, drillShare: 0.1 };

/** Tokens held out: enough for the evaluation's windows. */
const heldOutTokens = 50_000;
const seed = 1;

/** The corpus in documents. */
export interface BuiltInCorpus {
  readonly training: Iterable<string>;
  readonly heldOut: Iterable<string>;
}

/** Draws the corpus: the same on every machine. */
export function builtInCorpus({
  length,
  tokens,
  bookShare,
  drillShare,
}: BuiltInOptions = defaultCorpus): BuiltInCorpus {
  const books = loadBooks();
  const options = (wanted: number): CorpusOptions => ({
    documentBytes: length - 1,
    documents: Math.ceil(wanted / length),
    seed,
    bookShare,
    rollShare: drillShare,
  });
  return {
    training: texts(trainingDocuments(books, options(tokens))),
    heldOut: texts(heldOutDocuments(books, options(heldOutTokens))),
  };
}

function* texts(documents: Iterable<{ readonly text: string }>): Generator<string> {
  for (const { text } of documents) yield text;
}
