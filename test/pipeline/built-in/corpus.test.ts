import { expect, test } from "vitest";
import { heldOutDocuments, loadBooks, sentencesOf, trainingDocuments } from "../../../src/pipeline/built-in/corpus.ts";

const options = { documentBytes: 511, documents: 300, seed: 3, bookShare: 0.4, rollShare: 0.1 };
const books = loadBooks();

test("sentences end where a sentence ends", () => {
  expect(
    sentencesOf('He went down to the old ship. "Where are you going to?" asked the man.\nNothing more was said of it.'),
  ).toEqual([
    "He went down to the old ship.",
    '"Where are you going to?" asked the man.',
    "Nothing more was said of it.",
  ]);
});

test("a stream is the same for the same seed and of exact documents in the asked proportion", () => {
  const documents = [...trainingDocuments(books, options)];
  expect(documents).toEqual([...trainingDocuments(books, options)]);
  expect(documents).not.toEqual([...trainingDocuments(books, { ...options, seed: 4 })]);
  for (const { text } of documents) {
    expect(text).toHaveLength(511);
    expect(text).toMatch(/^[\x20-\x7e\n]+$/);
  }
  const share = documents.filter(({ kind }) => kind === "book").length / documents.length;
  expect(Math.abs(share - 0.4)).toBeLessThan(0.15);
});

test("held-out passages stand in the books' last part and not in what is trained on", () => {
  const heldOut = [...heldOutDocuments(books, { ...options, documents: 60 })].filter(({ kind }) => kind === "book");
  expect(heldOut.length).toBeGreaterThan(10);
  for (const { text } of heldOut) {
    expect(books["held-out"].texts.some((book) => book.includes(text))).toBe(true);
    expect(books.training.texts.some((book) => book.includes(text))).toBe(false);
  }
});

test("the held-out part is about a twentieth", () => {
  const bytes = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.length, 0);
  const share = bytes(books["held-out"].texts) / (bytes(books.training.texts) + bytes(books["held-out"].texts));
  expect(Math.abs(share - 0.05)).toBeLessThan(0.002);
});
