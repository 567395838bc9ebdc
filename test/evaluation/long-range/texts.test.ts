/** Pieces of texts: whole, apart, and labelled by where they really are from. */
import { describe, expect, test } from "vitest";
import { Draw } from "../../../src/evaluation/draw.ts";
import { classification } from "../../../src/evaluation/long-range/classification.ts";
import { type CutDocument, cutDocuments } from "../../../src/evaluation/long-range/pieces.ts";
import { retrieval } from "../../../src/evaluation/long-range/retrieval.ts";
import { type Document, textDocument } from "../../../src/formats/text/document.ts";

async function* stream(documents: readonly Document[]): AsyncGenerator<Document> {
  yield* documents;
}

/** A text whose every piece of 10 bytes tells its document and its place. */
function numbered(name: string, pieces: number): string {
  return Array.from({ length: pieces }, (_unused, place) => `${name}${String(place).padStart(9, "0")}`).join("");
}

async function cut(texts: Readonly<Record<string, string>>, length = 10): Promise<CutDocument[]> {
  return cutDocuments(stream(Object.entries(texts).map(([name, text]) => textDocument(name, text))), length);
}

describe("pieces", () => {
  test("follow each other, and the rest is left out", async () => {
    const [document] = await cut({ a: "abcdefghijklmnopqrstuvwxy" });
    expect(document).toEqual({ source: "a", pieces: ["abcdefghij", "klmnopqrst"] });
    expect(await cut({ short: "abc" })).toEqual([]);
  });

  test("end between characters, and have at most their bytes", async () => {
    const text = "añ€😀".repeat(30);
    for (const length of [4, 7, 10, 64]) {
      const [{ pieces } = { pieces: [] }] = await cut({ a: text }, length);
      expect(text.startsWith(pieces.join(""))).toBe(true);
      for (const piece of pieces) {
        const bytes = Buffer.byteLength(piece);
        expect(bytes).toBeLessThanOrEqual(length);
        expect(bytes).toBeGreaterThan(length - 4);
        expect(piece).not.toContain("\ufffd");
      }
    }
  });

  test("are not made of conversations", async () => {
    const chat: Document = { kind: "chat", source: "chats.jsonl:3", messages: [] };
    await expect(cutDocuments(stream([chat]), 10)).rejects.toThrow("chats.jsonl:3: is a conversation");
  });
});

describe("classification", () => {
  const classes = async () => [
    { name: "a/", documents: await cut({ x: numbered("x", 30), y: numbered("y", 30) }) },
    { name: "b.txt", documents: await cut({ z: numbered("z", 40) }) },
  ];

  test("labels pieces by their class, as many of each, none twice", async () => {
    const rows = classification(new Draw(1), 70, await classes());
    expect(rows).toHaveLength(70);
    for (const { text, label } of rows) expect(label).toBe(text.startsWith("z") ? 1 : 0);
    expect(rows.filter(({ label }) => label === 1)).toHaveLength(35);
    expect(new Set(rows.map(({ text }) => text)).size).toBe(70);
    const changes = rows.filter(({ label }, index) => index > 0 && rows[index - 1]?.label !== label);
    expect(changes.length).toBeGreaterThan(15);
    expect(classification(new Draw(1), 70, await classes())).toEqual(rows);
    expect(classification(new Draw(2), 70, await classes())).not.toEqual(rows);
  });

  test("refuses one class, and a class with too little text", async () => {
    const [first, second] = await classes();
    if (first === undefined || second === undefined) throw new Error("two classes were made");
    expect(() => classification(new Draw(1), 10, [first])).toThrow("two classes at least");
    expect(() => classification(new Draw(1), 82, [first, second])).toThrow(
      "b.txt: has 40 pieces of this length, and 41",
    );
    expect(() => classification(new Draw(1), 1, [first, second])).toThrow("too few for 2 classes");
  });
});

describe("retrieval", () => {
  const documents = () =>
    cut({ x: numbered("x", 8), y: numbered("y", 9), z: numbered("z", 10), alone: numbered("o", 1) });

  test("pairs pieces, half of them of one document, no pair twice", async () => {
    const rows = retrieval(new Draw(1), 100, await documents());
    expect(rows.filter(({ label }) => label === 1)).toHaveLength(50);
    for (const { text, other, label } of rows) {
      expect(text).not.toBe(other);
      expect(label).toBe(text[0] === other[0] ? 1 : 0);
      expect(text[0] === "o" || other[0] === "o").toBe(false);
    }
    expect(new Set(rows.map(({ text, other }) => [text, other].sort().join())).size).toBe(100);
    expect(retrieval(new Draw(1), 100, await documents())).toEqual(rows);
  });

  test("refuses texts without enough documents or pairs", async () => {
    const one = await cut({ x: numbered("x", 5), y: numbered("y", 1) });
    expect(() => retrieval(new Draw(0), 2, one)).toThrow("two documents with two pieces each, and 1 have");
    // Two pieces each: one pair of each document.
    const few = await cut({ x: numbered("x", 2), y: numbered("y", 2) });
    expect(() => retrieval(new Draw(0), 6, few)).toThrow("no more than about");
  });
});
