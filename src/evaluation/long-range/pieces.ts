/** Documents cut into pieces of a length in bytes, none of which overlap. */
import { SubquadError } from "../../errors.ts";
import type { Document } from "../../formats/text/document.ts";

/** A document in pieces. */
export interface CutDocument {
  /** The file, with the line for a row of JSONL. */
  readonly source: string;
  readonly pieces: readonly string[];
}

/** Bytes of all documents together: they are held in memory, and a data set needs far fewer. */
const MAXIMUM_BYTES = 2 ** 30;

const decoder = new TextDecoder();

/**
 * The documents' whole pieces of at most `length` bytes, which end between characters; the rest at a document's end is left
 * out, and so are documents without a whole piece. Throws a SubquadError for a conversation, and for more than a gibibyte.
 */
export async function cutDocuments(documents: AsyncIterable<Document>, length: number): Promise<CutDocument[]> {
  const cut: CutDocument[] = [];
  let total = 0;
  for await (const document of documents) {
    if (document.kind === "chat") {
      throw new SubquadError(`${document.source}: is a conversation; a data set of texts needs plain text`);
    }
    const parts: Uint8Array[] = [];
    for await (const part of document.parts) {
      const bytes = new TextEncoder().encode(part);
      total += bytes.length;
      if (total > MAXIMUM_BYTES) {
        throw new SubquadError(
          `${document.source}: the texts have more than ${MAXIMUM_BYTES} bytes; name fewer of them`,
        );
      }
      parts.push(bytes);
    }
    const pieces = cutBytes(Buffer.concat(parts), length);
    if (pieces.length > 0) cut.push({ source: document.source, pieces });
  }
  return cut;
}

function cutBytes(bytes: Uint8Array, length: number): string[] {
  const pieces: string[] = [];
  for (let start = 0; start + length <= bytes.length; ) {
    let end = start + length;
    // A byte of the form 10xxxxxx is in the middle of a character.
    while (end > start && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    if (end === start) return pieces;
    pieces.push(decoder.decode(bytes.subarray(start, end)));
    start = end;
  }
  return pieces;
}
