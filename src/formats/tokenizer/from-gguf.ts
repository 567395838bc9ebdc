/** The tokenizer inside a GGUF file: its metadata becomes the values of a `tokenizer.json`. */
import { FormatError } from "../../errors.ts";
import { addedToken, bpeModel } from "./bytes.ts";
import { createTokenizer } from "./library-tokenizer.ts";
import { byteLevelStep, PRE_TOKENIZERS, splitStep } from "./patterns.ts";
import { sentencePieceJson } from "./sentencepiece.ts";
import { beginningAndEnd } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** GGUF's kinds of tokens. */
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;

type Metadata = ReadonlyMap<string, unknown>;

/**
 * Builds the tokenizer that a GGUF file's metadata describes (kinds `gpt2` and `llama`).
 * @throws FormatError where the file has none, or one of another kind.
 */
export function tokenizerFromGguf(path: string, metadata: Metadata): Tokenizer {
  const reader = new Reader(path, metadata);
  const kind = reader.text("tokenizer.ggml.model");
  if (kind === undefined) throw new FormatError(path, "holds no tokenizer; name one with --tokenizer FILE");
  if (kind === "gpt2") return createTokenizer(path, byteLevelJson(reader), configOf(reader, "gpt2"));
  if (kind === "llama") return createTokenizer(path, pieceJson(reader), configOf(reader, "llama"));
  throw new FormatError(
    path,
    `holds a tokenizer of the kind "${kind}"; gpt2 and llama are read. Name the original tokenizer.json with --tokenizer FILE`,
  );
}

function byteLevelJson(reader: Reader): Record<string, unknown> {
  const name = reader.text("tokenizer.ggml.pre") ?? "default";
  const kind = PRE_TOKENIZERS.get(name);
  if (kind === undefined) {
    const known = [...PRE_TOKENIZERS.keys()].join(", ");
    throw reader.error(
      `cuts words by the rule "${name}", which is not known (known: ${known}); name the original tokenizer.json with --tokenizer FILE`,
    );
  }
  const tokens = reader.tokens();
  const merges = reader.strings("tokenizer.ggml.merges").map((merge): [string, string] => {
    const space = merge.indexOf(" ", 1);
    if (space < 0) throw reader.error(`has the malformed merge ${JSON.stringify(merge)}`);
    return [merge.slice(0, space), merge.slice(space + 1)];
  });
  const prefix = reader.truth("tokenizer.ggml.add_space_prefix") ?? false;
  const { before, after } = reader.frame(kind.addBeginning ?? false);
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      ...reader.ofType(CONTROL).map((id) => addedToken(tokens[id] ?? "", id)),
      ...reader.ofType(USER_DEFINED).map((id) => addedToken(tokens[id] ?? "", id, false)),
    ].sort((a, b) => Number(a.id) - Number(b.id)),
    normalizer: kind.composes === true ? { type: "NFC" } : null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [...kind.patterns.map(splitStep), byteLevelStep(prefix)] },
    post_processor: beginningAndEnd(tokens, before, after),
    decoder: byteLevelStep(),
    model: bpeModel(Object.fromEntries(tokens.map((token, id) => [token, id])), merges, {
      ignore_merges: kind.ignoreMerges ?? false,
    }),
  };
}

function pieceJson(reader: Reader): Record<string, unknown> {
  const tokens = reader.tokens();
  const scores = reader.numbers("tokenizer.ggml.scores");
  if (scores.length !== tokens.length) {
    throw reader.error(`has ${tokens.length} tokens but ${scores.length} scores`);
  }
  return sentencePieceJson({
    pieces: tokens,
    scores,
    control: reader.ofType(CONTROL),
    userDefined: reader.ofType(USER_DEFINED),
    unknown: reader.ofType(UNKNOWN)[0] ?? reader.id("unknown"),
    ...reader.frame(true),
    addSpacePrefix: reader.truth("tokenizer.ggml.add_space_prefix") ?? true,
  });
}

function configOf(reader: Reader, kind: "gpt2" | "llama"): Record<string, unknown> {
  const tokens = reader.tokens();
  const named = { bos_token: reader.id("bos"), eos_token: reader.id("eos"), pad_token: reader.id("padding") };
  // Byte-level vocabularies know every character; the file's unknown token is a leftover there.
  const unknown = kind === "llama" ? { unk_token: reader.ofType(UNKNOWN)[0] ?? reader.id("unknown") } : {};
  const entries = Object.entries({ ...named, ...unknown }).filter(([, id]) => id !== undefined);
  const template = reader.text("tokenizer.chat_template");
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    ...Object.fromEntries(entries.map(([key, id]) => [key, tokens[id ?? 0]])),
    clean_up_tokenization_spaces: false,
    ...(template === undefined ? {} : { chat_template: template }),
  };
}

/** Typed access to the metadata, with errors that name the file and the key. */
class Reader {
  readonly #path: string;
  readonly #metadata: Metadata;
  #tokens: string[] | undefined;

  constructor(path: string, metadata: Metadata) {
    this.#path = path;
    this.#metadata = metadata;
  }

  error(problem: string): FormatError {
    return new FormatError(this.#path, `the tokenizer inside ${problem}`);
  }

  text(key: string): string | undefined {
    const value = this.#metadata.get(key);
    return typeof value === "string" ? value : undefined;
  }

  truth(key: string): boolean | undefined {
    const value = this.#metadata.get(key);
    return typeof value === "boolean" ? value : undefined;
  }

  strings(key: string): string[] {
    const value = this.#metadata.get(key);
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    throw this.error(`has no list of strings at ${key}`);
  }

  numbers(key: string): ArrayLike<number> {
    const value = this.#metadata.get(key);
    if (Array.isArray(value) && value.every((item) => typeof item === "number")) return value;
    const typed = value instanceof Float32Array || value instanceof Float64Array || value instanceof Int32Array;
    if (typed) return value;
    if (value instanceof Uint32Array || value instanceof Uint8Array || value instanceof Int8Array) return value;
    throw this.error(`has no list of numbers at ${key}`);
  }

  /** Tokens by id; a name that comes twice stays with its first id, the other is an unused row. */
  tokens(): string[] {
    if (this.#tokens !== undefined) return this.#tokens;
    const seen = new Set<string>();
    this.#tokens = this.strings("tokenizer.ggml.tokens").map((token, id) => {
      const unique = seen.has(token) || token === "" ? `[UNUSED_${id}]` : token;
      seen.add(unique);
      return unique;
    });
    return this.#tokens;
  }

  /** The ids of one kind of token. */
  ofType(type: number): number[] {
    if (!this.#metadata.has("tokenizer.ggml.token_type")) return [];
    const types = this.numbers("tokenizer.ggml.token_type");
    return this.tokens().flatMap((_, id) => (types[id] === type ? [id] : []));
  }

  id(name: string): number | undefined {
    const value = this.#metadata.get(`tokenizer.ggml.${name}_token_id`);
    return typeof value === "number" && value < this.tokens().length ? value : undefined;
  }

  /** The ids put around a sequence. */
  frame(beginsByDefault: boolean): { before: number[]; after: number[] } {
    const [beginning, end] = [this.id("bos"), this.id("eos")];
    const begins = this.truth("tokenizer.ggml.add_bos_token") ?? beginsByDefault;
    const ends = this.truth("tokenizer.ggml.add_eos_token") ?? false;
    return {
      before: begins && beginning !== undefined ? [beginning] : [],
      after: ends && end !== undefined ? [end] : [],
    };
  }
}
