/** What every tokenizer can do, whatever file it came from. */

/** How a text becomes ids. */
export interface EncodeOptions {
  /** Add the tokens a sequence begins and ends with (such as `<s>`); false by default. Spelled-out ones always count. */
  readonly special?: boolean;
}

/** How ids become a text. */
export interface DecodeOptions {
  /** Leave out special tokens such as `<|im_end|>`; false by default. */
  readonly skipSpecial?: boolean;
}

/** Turns ids into text as they arrive; bytes of a character that is not complete yet are held back. */
export interface StreamingDecoder {
  /** The text that this id completes, often one word, or "" while a character is incomplete. */
  push(id: number): string;
  /** What is still held back, with U+FFFD for bytes that will never be a character. */
  end(): string;
}

/** Text to ids and back. */
export interface Tokenizer {
  /** One more than the highest id; a model's embedding may have more rows, for padding. */
  readonly vocabularySize: number;
  /** The ids of special tokens: control tokens that stand for no text. */
  readonly specialIds: ReadonlySet<number>;
  /** The id a sequence begins with, if there is one. */
  readonly beginningOfText: number | undefined;
  /** The id that ends what a model says (`eos_token`), if there is one. */
  readonly endOfText: number | undefined;
  /** The id that divides the documents of a training text: `<|endoftext|>` or its like, else `endOfText`. */
  readonly documentSeparator: number | undefined;
  /** The id of padding, if there is one. */
  readonly padding: number | undefined;
  /** The two files of this tokenizer in Hugging Face layout, as values; undefined where there is no tokenizer. */
  readonly files: TokenizerFiles | undefined;

  encode(text: string, options?: EncodeOptions): number[];
  /**
   * Encodes a text that arrives in parts of any size, without special tokens and without holding all of it. The ids
   * are those of the whole text.
   */
  encodeParts(parts: AsyncIterable<string> | Iterable<string>): AsyncGenerator<number[]>;
  /** @throws SubquadError for an id outside the vocabulary. */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  streamingDecoder(options?: DecodeOptions): StreamingDecoder;
  /** The token's id, or undefined where the vocabulary has no such token. */
  idOf(token: string): number | undefined;
  /** The token as the vocabulary spells it (`Ġthe`), or undefined for an id outside. */
  tokenOf(id: number): string | undefined;
}

/** `tokenizer.json` and `tokenizer_config.json` as parsed JSON. */
export interface TokenizerFiles {
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}
