/** The texts a verb trains on and is judged by: the user's files, or the built-in ones. */
import { createHash, type Hash } from "node:crypto";
import { SubquadError } from "../errors.ts";
import { type Document, textDocument } from "../formats/text/document.ts";
import { splitHeldOut, type TokenStream } from "../formats/text/token-stream.ts";
import { tokenizeDocuments, tokenizeText } from "../formats/text/tokenize.ts";
import { type BuiltInOptions, builtInCorpus, defaultCorpus } from "./built-in/default-corpus.ts";
import type { OpenModel } from "./open-model.ts";

/** A text that was read, for the record. */
export interface TextRecord {
  readonly name: string;
  readonly sha256: string;
}

/** Tokens to train on and tokens held out. */
export interface TrainingText {
  readonly train: TokenStream;
  readonly heldOut: TokenStream;
  readonly texts: readonly TextRecord[];
}

/** What a path stands for where it is no path. */
export const builtInText = "built-in";

type Reader = Pick<OpenModel, "tokenizer" | "chatTemplate">;

/**
 * Tokenizes the texts; the last 5 % of the user's are held out, the built-in ones bring held-out texts of their own.
 * Throws a SubquadError where nothing is left to train on.
 */
export async function trainingText(
  paths: readonly string[] | undefined,
  reader: Reader,
  corpus: BuiltInOptions = defaultCorpus,
): Promise<TrainingText> {
  if (paths === undefined || (paths.length === 1 && paths[0] === builtInText)) return await builtIn(reader, corpus);
  const stream = await tokenizeText(paths, reader.tokenizer, { template: reader.chatTemplate });
  const { train, heldOut } = splitHeldOut(stream);
  if (heldOut.ids.length < 2) {
    throw new SubquadError(
      `the texts have ${stream.ids.length} tokens: too few to train on and hold 5 % out; give more with --text`,
    );
  }
  return { train, heldOut, texts: stream.files.map(({ path, sha256 }) => ({ name: path, sha256 })) };
}

async function builtIn({ tokenizer }: Reader, corpus: BuiltInOptions): Promise<TrainingText> {
  const { training, heldOut } = builtInCorpus(corpus);
  const hash = createHash("sha256");
  return {
    train: await tokenizeDocuments(documentsOf(training, hash), tokenizer),
    heldOut: await tokenizeDocuments(documentsOf(heldOut), tokenizer),
    texts: [{ name: builtInText, sha256: hash.digest("hex") }],
  };
}

function* documentsOf(texts: Iterable<string>, hash?: Hash): Generator<Document> {
  let number = 0;
  for (const text of texts) {
    hash?.update(text);
    yield textDocument(`built-in text ${++number}`, text);
  }
}

/** Tokens of one text to evaluate on, or of the built-in held-out texts. */
export async function evaluationText(path: string | undefined, reader: Reader): Promise<Int32Array> {
  if (path === undefined) {
    return (await tokenizeDocuments(documentsOf(builtInCorpus().heldOut), reader.tokenizer)).ids;
  }
  return (await tokenizeText([path], reader.tokenizer, { template: reader.chatTemplate })).ids;
}
