/** Documents to one stream of tokens. */
import { SubquadError } from "../../errors.ts";
import type { ChatTemplate } from "../chat.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Document, TextFile } from "./document.ts";
import { loadDocuments } from "./load.ts";
import { TokenCollector, type TokenStream } from "./token-stream.ts";

/** How documents become tokens. */
export interface TokenizeOptions {
  /** Writes conversations as text; needed only where there are any. */
  readonly template?: ChatTemplate | undefined;
  /** The id between documents, the tokenizer's `documentSeparator` unless told. */
  readonly separator?: number | undefined;
  /** Stop after this many tokens. */
  readonly limit?: number | undefined;
  readonly onProgress?: ((tokens: number) => void) | undefined;
}

/**
 * Tokenizes documents into one stream with the separator between them. Text is learned whole, as is the separator
 * after it; of conversations only the assistant's replies are. A single text has no token added.
 * @throws SubquadError where there is no token at all, or a conversation but no template.
 */
export async function tokenizeDocuments(
  documents: AsyncIterable<Document> | Iterable<Document>,
  tokenizer: Tokenizer,
  options: TokenizeOptions = {},
): Promise<TokenStream> {
  const { separator = tokenizer.documentSeparator, limit = Number.POSITIVE_INFINITY, onProgress } = options;
  const collector = new TokenCollector();
  let previous: Document | undefined;
  for await (const document of documents) {
    if (previous !== undefined && separator !== undefined) collector.push([separator], previous.kind === "text");
    previous = document;
    if (document.kind === "chat") {
      const { ids, mask } = chatTemplate(document.source, options).encode(tokenizer, document.messages);
      collector.push(ids, mask);
      onProgress?.(collector.length);
    } else {
      for await (const ids of tokenizer.encodeParts(document.parts)) {
        collector.push(ids);
        onProgress?.(collector.length);
        if (collector.length >= limit) break;
      }
    }
    if (collector.length >= limit) break;
  }
  if (collector.length === 0) throw new SubquadError("the texts hold no tokens");
  return collector.finish(limit);
}

function chatTemplate(source: string, options: TokenizeOptions): ChatTemplate {
  if (options.template !== undefined) return options.template;
  throw new SubquadError(
    `${source}: is a conversation, but the model's tokenizer has no chat template to write it with`,
  );
}

/** The tokens of files and folders, and the files they came from. */
export interface TokenizedText extends TokenStream {
  readonly files: readonly TextFile[];
}

/** Loads and tokenizes what `--text PATH…` names: `loadDocuments`, then `tokenizeDocuments`. */
export async function tokenizeText(
  paths: readonly string[],
  tokenizer: Tokenizer,
  options: TokenizeOptions = {},
): Promise<TokenizedText> {
  const files: TextFile[] = [];
  const documents = loadDocuments(paths, (file) => files.push(file));
  const stream = await tokenizeDocuments(documents, tokenizer, options);
  return { ...stream, files };
}
