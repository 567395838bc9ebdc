/** The text that the built-in model is trained on: passages of the two books and generated passages with facts to recall. */
import { type FactPassage, type Filler, factPassage } from "./facts.ts";
import { Random } from "./random.ts";
import { builtInTexts, splitText } from "./texts.ts";
import type { Share } from "./words.ts";

/** The share of Moby-Dick among the book passages, more than its share of the bytes. */
const MOBY_DICK_SHARE = 0.3;

/** Sentences shorter or longer than this (bytes) are no filler. */
const SENTENCE_BYTES = { least: 24, most: 180 };

/** The books of one share, as whole texts to cut passages from and as sentences. */
export interface Books {
  readonly texts: readonly string[];
  readonly filler: readonly Filler[];
}

/** What a stream of documents is made of. */
export interface CorpusOptions {
  /** The exact length of every document in bytes: one less than the training length leaves room for the end-of-text token. */
  readonly documentBytes: number;
  /** The number of documents. */
  readonly documents: number;
  readonly seed: number;
  /** The share of documents that are plain passages of a book; the others are generated. */
  readonly bookShare: number;
  /** The share of roll calls among the generated episodes. */
  readonly rollShare: number;
}

/** The sentences of a text in order, without those too short or too long. */
export function sentencesOf(text: string): Filler {
  return text
    .split(/(?<=[.!?]["')]*)\s+(?=["'(]*[A-Z])|\n+/)
    .filter(({ length }) => length >= SENTENCE_BYTES.least && length <= SENTENCE_BYTES.most);
}

/** Reads the built-in texts and cuts them into the two shares. */
export function loadBooks(): Record<Share, Books> {
  const split = builtInTexts().map((text) => splitText(text));
  const books = (parts: readonly (readonly string[])[]): Books => {
    const texts = parts.map((documents) => documents.join("\n"));
    return { texts, filler: texts.map(sentencesOf) };
  };
  return { training: books(split.map((text) => text.training)), "held-out": books(split.map((text) => text.heldOut)) };
}

/** One document of a stream, and what it asks its reader to recall. */
export interface CorpusDocument extends FactPassage {
  readonly kind: "book" | "generated";
}

function bookPassage(random: Random, books: Books, bytes: number): string {
  const text = books.texts[random.uniform() < MOBY_DICK_SHARE ? 0 : 1] ?? "";
  const start = text.indexOf(" ", random.integer(0, Math.max(0, text.length - bytes - 64))) + 1;
  return text.slice(start, start + bytes);
}

function* stream(books: Books, share: Share, options: CorpusOptions): Generator<CorpusDocument> {
  const { documentBytes: bytes, rollShare } = options;
  const random = new Random(options.seed, share === "training" ? 0 : 1);
  for (let i = 0; i < options.documents; i++) {
    if (random.uniform() < options.bookShare) {
      yield { kind: "book", text: bookPassage(random, books, bytes), recalls: [] };
      continue;
    }
    const episodeBytes = Math.round(bytes * (random.uniform() < 0.6 ? 1 : 0.3 + 0.7 * random.uniform()));
    const filler = random.pick(books.filler);
    yield { kind: "generated", ...factPassage(random, filler, { bytes, episodeBytes, share, rollShare }) };
  }
}

/** The training stream. */
export function trainingDocuments(books: Record<Share, Books>, options: CorpusOptions): Generator<CorpusDocument> {
  return stream(books.training, "training", options);
}

/** Held-out documents in the same proportion: the ends of the books, and generated ones with subjects never trained on. */
export function heldOutDocuments(books: Record<Share, Books>, options: CorpusOptions): Generator<CorpusDocument> {
  return stream(books["held-out"], "held-out", options);
}
