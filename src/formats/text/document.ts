/** What a training text is made of. */
import type { ChatMessage } from "../chat.ts";

/** Running text, read as it is needed; `parts` can be walked once. */
export interface TextDocument {
  readonly kind: "text";
  /** The file, with the line for a row of JSONL: for messages. */
  readonly source: string;
  readonly parts: AsyncIterable<string> | Iterable<string>;
}

/** A conversation. */
export interface ChatDocument {
  readonly kind: "chat";
  readonly source: string;
  readonly messages: readonly ChatMessage[];
}

export type Document = TextDocument | ChatDocument;

/** A file that texts were read from, for the record of what a model was trained on. */
export interface TextFile {
  readonly path: string;
  /** How many of its bytes were read, from the beginning. */
  readonly bytes: number;
  /** SHA-256 of these bytes, in hexadecimal. */
  readonly sha256: string;
  /** False where reading stopped before the end, with enough tokens. */
  readonly whole: boolean;
}

/** A document of a text that is already in memory. */
export function textDocument(source: string, text: string): TextDocument {
  return { kind: "text", source, parts: [text] };
}
