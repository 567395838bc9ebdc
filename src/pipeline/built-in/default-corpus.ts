/** The built-in texts as one fixed corpus: what the built-in model was trained on and is converted on. */
import { type CorpusOptions, heldOutDocuments, loadBooks, trainingDocuments } from "./corpus.ts";

/** Documents of the corpus and their proportions; held-out ones are a twentieth as many. */
export const defaultCorpus: CorpusOptions = {
  documentBytes: 511,
  documents: 8000,
  seed: 1,
  bookShare: 0.35,
  rollShare: 0.3,
};

/** The corpus in documents. */
export interface BuiltInCorpus {
  readonly training: readonly string[];
  readonly heldOut: readonly string[];
}

/** Makes the corpus: the same on every machine. */
export function builtInCorpus(options: CorpusOptions = defaultCorpus): BuiltInCorpus {
  const books = loadBooks();
  const heldOut = { ...options, documents: Math.ceil(options.documents / 20) };
  return {
    training: Array.from(trainingDocuments(books, options), ({ text }) => text),
    heldOut: Array.from(heldOutDocuments(books, heldOut), ({ text }) => text),
  };
}
