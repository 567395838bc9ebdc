/** A tokenizer from the values of `tokenizer.json` and `tokenizer_config.json`, run by @huggingface/tokenizers. */
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { z } from "zod";
import { FormatError, SubquadError } from "../../errors.ts";
import { canCutAtSpaces, lastCut, nextCut } from "./cuts.ts";
import { repairPreTokenizer, withConfigTokens } from "./repair.ts";
import {
  type AddedToken,
  type Step,
  stepsOf,
  type TokenizerConfigJson,
  type TokenizerJson,
  tokenizerConfigSchema,
  tokenizerSchema,
} from "./schema.ts";
import { byteStream, windowStream } from "./streaming.ts";
import { type TokenBytes, tokenBytes } from "./token-bytes.ts";
import type { DecodeOptions, EncodeOptions, StreamingDecoder, Tokenizer, TokenizerFiles } from "./tokenizer.ts";
import { WordCache } from "./word-cache.ts";

/** Above any published vocabulary (some 260 thousand); bounds the tables made from a file. */
const MAXIMUM_VOCABULARY = 4 * 2 ** 20;

/** Names that divide documents in pretraining texts, where the end of a chat turn has another. */
const SEPARATORS = ["<|endoftext|>", "<|end_of_text|>", "<|begin_of_text|>", "</s>", "<eos>", "<｜end▁of▁sentence｜>"];

/**
 * Builds a tokenizer from parsed files; `name` is what errors call it.
 * @throws FormatError where a file is malformed or asks for a step that is not known.
 */
export function createTokenizer(name: string, tokenizer: unknown, config: unknown = {}): Tokenizer {
  const json = parse(name, tokenizerSchema, tokenizer);
  const settings = parse(name, tokenizerConfigSchema, config);
  const files: TokenizerFiles = { tokenizer: record(tokenizer), config: record(config) };
  return new LibraryTokenizer(name, withConfigTokens(json, settings), settings, files);
}

function parse<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new FormatError(name, `is not a tokenizer this can read:\n${z.prettifyError(result.error)}`);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

class LibraryTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly specialIds: ReadonlySet<number>;
  readonly beginningOfText: number | undefined;
  readonly endOfText: number | undefined;
  readonly documentSeparator: number | undefined;
  readonly padding: number | undefined;
  readonly files: TokenizerFiles;
  readonly #name: string;
  readonly #tokens: string[];
  readonly #ids: Map<string, number>;
  readonly #added: Map<number, AddedToken>;
  readonly #first: Library;
  /** The same without `Prepend`, for parts that are not the beginning of a text. */
  readonly #later: Library;
  readonly #words: WordCache | undefined;
  readonly #addedPattern: RegExp | undefined;
  readonly #spelling: TokenBytes | undefined;
  readonly #bytes: (Uint8Array | undefined)[] = [];
  #frame: { before: number[]; after: number[] } | undefined;

  constructor(name: string, json: TokenizerJson, config: TokenizerConfigJson, files: TokenizerFiles) {
    this.#name = name;
    this.files = files;
    this.#tokens = tokenList(name, json);
    this.#ids = new Map();
    this.#tokens.forEach((token, id) => {
      this.#ids.set(token, id);
    });
    this.vocabularySize = this.#tokens.length;
    this.#added = new Map(json.added_tokens.map((token) => [token.id, token]));
    const special = json.added_tokens.filter((token) => token.special).map(({ id }) => id);
    this.specialIds = new Set(special);
    const named = (token: z.infer<typeof tokenizerConfigSchema>["bos_token"]): number | undefined => {
      const content = typeof token === "string" ? token : token?.content;
      return content === undefined ? undefined : this.#ids.get(content);
    };
    this.beginningOfText = named(config.bos_token);
    this.endOfText = named(config.eos_token);
    this.padding = named(config.pad_token);
    const separator = SEPARATORS.map((token) => this.#ids.get(token)).find((id) => id !== undefined);
    this.documentSeparator = separator ?? this.endOfText;

    this.#first = library(name, json, config, json.normalizer);
    const prepends = stepsOf(json.normalizer).some(({ type }) => type === "Prepend");
    this.#later = prepends ? library(name, json, config, withoutPrepend(json.normalizer)) : this.#first;
    this.#words = canCutAtSpaces(json) ? new WordCache((part) => run(this.#later, part)) : undefined;
    this.#addedPattern = prepends ? addedTokenPattern(json.added_tokens) : undefined;
    this.#spelling = tokenBytes(json.decoder);
  }

  encode(text: string, options: EncodeOptions = {}): number[] {
    const ids = this.#encodeSection(text, true);
    if (options.special !== true) return ids;
    this.#frame ??= this.#specialFrame();
    return [...this.#frame.before, ...ids, ...this.#frame.after];
  }

  async *encodeParts(parts: AsyncIterable<string> | Iterable<string>): AsyncGenerator<number[]> {
    let waiting = "";
    let first = true;
    for await (const part of parts) {
      // A cut can only have appeared in what is new (and in the last characters, which had no neighbour yet).
      const from = Math.max(0, waiting.length - 4);
      waiting += part;
      const cut = this.#words === undefined ? -1 : lastCut(waiting, from);
      if (cut <= 0) continue;
      yield this.#encodeSection(waiting.slice(0, cut), first);
      first = this.#endsInAddedToken(waiting.slice(0, cut));
      waiting = waiting.slice(cut);
    }
    if (waiting !== "") yield this.#encodeSection(waiting, first);
  }

  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const kept = [...ids].filter((id) => this.#known(id) && !(options.skipSpecial === true && this.specialIds.has(id)));
    if (kept.length === 0) return "";
    if (this.#spelling === undefined) return this.#first.decode(kept, { clean_up_tokenization_spaces: false });
    const stream = this.streamingDecoder(options);
    const parts = kept.map((id) => stream.push(id));
    return parts.join("") + stream.end();
  }

  streamingDecoder(options: DecodeOptions = {}): StreamingDecoder {
    const inner =
      this.#spelling === undefined
        ? windowStream((ids) => this.#first.decode(ids, { clean_up_tokenization_spaces: false }))
        : byteStream((id) => this.#bytesOf(id), this.#spelling.stripsFirstSpace);
    return {
      push: (id) => (this.#known(id) && options.skipSpecial === true && this.specialIds.has(id) ? "" : inner.push(id)),
      end: () => inner.end(),
    };
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#tokens[id];
  }

  #known(id: number): boolean {
    if (this.#tokens[id] !== undefined) return true;
    throw new SubquadError(`${this.#name}: there is no token ${id}; ids go from 0 to ${this.vocabularySize - 1}`);
  }

  #bytesOf(id: number): Uint8Array {
    const known = this.#bytes[id];
    if (known !== undefined) return known;
    const token = this.#tokens[id] ?? "";
    const added = this.#added.has(id) || this.#spelling === undefined;
    const bytes = added ? new TextEncoder().encode(token) : this.#spelling.bytesOf(token);
    this.#bytes[id] = bytes;
    return bytes;
  }

  /** Where spaces are put in front, what follows an added token counts as a beginning. */
  #endsInAddedToken(text: string): boolean {
    if (this.#addedPattern === undefined) return false;
    const last = [...text.matchAll(this.#addedPattern)].at(-1);
    return last !== undefined && last.index + last[0].length === text.length;
  }

  /** Encodes a text, or (`first` false) a part of one that begins with a space. */
  #encodeSection(text: string, first: boolean): number[] {
    if (this.#words === undefined) return run(this.#first, text);
    const ids: number[] = [];
    if (this.#addedPattern === undefined) {
      this.#encodeWords(text, first, ids);
      return ids;
    }
    // Where a space is put in front of the text, it is put behind each added token too.
    let at = 0;
    for (const match of text.matchAll(this.#addedPattern)) {
      this.#encodeWords(text.slice(at, match.index), first || at > 0, ids);
      ids.push(...run(this.#first, match[0]));
      at = match.index + match[0].length;
    }
    this.#encodeWords(text.slice(at), first || at > 0, ids);
    return ids;
  }

  #encodeWords(text: string, first: boolean, into: number[]): void {
    const cut = first ? nextCut(text, 0) : 0;
    if (first) for (const id of run(this.#first, text.slice(0, cut))) into.push(id);
    this.#words?.encode(text, cut, into);
  }

  /** What the post-processor puts before and after a sequence, seen on a short one. */
  #specialFrame(): { before: number[]; after: number[] } {
    const bare = run(this.#first, "a");
    const framed = this.#first.encode("a", { add_special_tokens: true }).ids;
    for (let start = 0; start + bare.length <= framed.length; start++) {
      if (bare.every((id, index) => framed[start + index] === id)) {
        return { before: framed.slice(0, start), after: framed.slice(start + bare.length) };
      }
    }
    throw new FormatError(this.#name, "its post_processor changes the tokens of the text itself");
  }
}

function run(library: Library, text: string): number[] {
  return text === "" ? [] : library.encode(text, { add_special_tokens: false }).ids;
}

function library(name: string, json: TokenizerJson, config: TokenizerConfigJson, normalizer: Step | null): Library {
  try {
    const merges = json.model.merges ?? [];
    const repaired = { ...json, normalizer, pre_tokenizer: repairPreTokenizer(json.pre_tokenizer) };
    return new Library({ ...repaired, model: { ...json.model, merges } }, config);
  } catch (error) {
    throw new FormatError(name, `cannot be used (${error instanceof Error ? error.message : error})`, { cause: error });
  }
}

function withoutPrepend(normalizer: Step | null): Step | null {
  const steps = stepsOf(normalizer).filter(({ type }) => type !== "Prepend");
  return steps.length === 0 ? null : { type: "Sequence", normalizers: steps };
}

/** The token of each id; gaps, which some files have, stay undefined. */
function tokenList(name: string, json: TokenizerJson): string[] {
  const { vocab } = json.model;
  const entries: [string, number][] = Array.isArray(vocab)
    ? vocab.map(([token], id) => [token, id])
    : Object.entries(vocab);
  const tokens: string[] = [];
  for (const [token, id] of [...entries, ...json.added_tokens.map(({ content, id }) => [content, id] as const)]) {
    if (id >= MAXIMUM_VOCABULARY) {
      throw new FormatError(name, `gives the token ${JSON.stringify(token)} the id ${id}, above ${MAXIMUM_VOCABULARY}`);
    }
    tokens[id] = token;
  }
  return tokens;
}

function addedTokenPattern(tokens: AddedToken[]): RegExp | undefined {
  if (tokens.length === 0) return undefined;
  const escaped = tokens.map(({ content }) => content.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(escaped.sort((a, b) => b.length - a.length).join("|"), "gu");
}
