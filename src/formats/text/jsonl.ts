/** JSONL: one document a line, `{"text": …}` or `{"messages": […]}`. */
import { z } from "zod";
import { FormatError } from "../../errors.ts";
import { isRecord } from "../strict-json.ts";
import { type Document, textDocument } from "./document.ts";

const MAXIMUM_LINE = 64 * 2 ** 20; // characters; a document of this size belongs into a .txt

const messagesSchema = z.array(z.looseObject({ role: z.string().min(1) })).min(1);

/**
 * The documents of a JSONL file whose text comes in parts; blank lines and empty texts are passed over.
 * @throws FormatError that names the line.
 */
export async function* readJsonl(path: string, parts: AsyncIterable<string>): AsyncGenerator<Document> {
  let number = 0;
  let found = false;
  for await (const line of lines(path, parts)) {
    number++;
    if (line.trim() === "") continue;
    const document = parseLine(`${path}:${number}`, line);
    found = true;
    if (document !== undefined) yield document;
  }
  if (!found) throw new FormatError(path, "holds no documents, only blank lines");
}

async function* lines(path: string, parts: AsyncIterable<string>): AsyncGenerator<string> {
  let waiting = "";
  let searched = 0;
  for await (const part of parts) {
    waiting += part;
    let start = 0;
    for (let end = waiting.indexOf("\n", searched); end >= 0; end = waiting.indexOf("\n", start)) {
      yield waiting.slice(start, end);
      start = end + 1;
    }
    waiting = waiting.slice(start);
    searched = waiting.length;
    if (waiting.length > MAXIMUM_LINE)
      throw new FormatError(path, `has a line of more than ${MAXIMUM_LINE} characters`);
  }
  if (waiting !== "") yield waiting;
}

function parseLine(source: string, line: string): Document | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch (error) {
    throw new FormatError(source, `is not valid JSON (${error instanceof Error ? error.message : error})`, {
      cause: error,
    });
  }
  if (!isRecord(row)) throw new FormatError(source, 'is not an object; write {"text": …} or {"messages": […]}');
  if (typeof row.text === "string") return row.text === "" ? undefined : textDocument(source, row.text);
  if (row.messages !== undefined) {
    const messages = messagesSchema.safeParse(row.messages);
    if (messages.success) return { kind: "chat", source, messages: messages.data };
    throw new FormatError(source, `"messages" is no conversation:\n${z.prettifyError(messages.error)}`);
  }
  const keys = Object.keys(row).slice(0, 10).join(", ");
  throw new FormatError(source, `has neither "text" nor "messages", only ${keys === "" ? "nothing" : keys}`);
}
