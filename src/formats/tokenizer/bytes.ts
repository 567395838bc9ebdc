/** The tokenizer that needs no vocabulary: each byte of a text's UTF-8 is its own id. */
import { byteCharacter } from "./byte-alphabet.ts";
import { createTokenizer } from "./library-tokenizer.ts";
import { byteLevelStep } from "./patterns.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The end of a text in `byteTokenizer`; the ids below it are bytes. */
export const BYTE_END_OF_TEXT = 256;

/**
 * Bytes as ids 0 to 255, `<|endoftext|>` as 256, further special tokens from 257 on. In Hugging Face's terms it is a
 * byte-level BPE without merges, so that Python tools read its `tokenizer.json` too.
 */
export function byteTokenizer(specials: readonly string[] = []): Tokenizer {
  const characters = Array.from({ length: 256 }, (_, byte) => byteCharacter(byte));
  const added = ["<|endoftext|>", ...specials].map((content, index) => addedToken(content, BYTE_END_OF_TEXT + index));
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: byteLevelStep(),
    post_processor: null,
    decoder: byteLevelStep(),
    model: bpeModel(Object.fromEntries(characters.map((character, byte) => [character, byte])), []),
  };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    eos_token: "<|endoftext|>",
    clean_up_tokenization_spaces: false,
  };
  return createTokenizer("the byte tokenizer", tokenizer, config);
}

/** An entry of `added_tokens` with all the fields that Hugging Face's reader requires. */
export function addedToken(content: string, id: number, special = true): Record<string, unknown> {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

/** A `model` of type BPE with all the fields that Hugging Face's reader requires. */
export function bpeModel(
  vocab: Readonly<Record<string, number>>,
  merges: readonly (readonly [string, string])[],
  options: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    ...options,
    vocab,
    merges,
  };
}
