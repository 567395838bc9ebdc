/** llama2.c's tokenizer file: a vocabulary of SentencePiece pieces with their scores. */
import { FormatError } from "../../errors.ts";
import { createTokenizer } from "./library-tokenizer.ts";
import { sentencePieceJson } from "./sentencepiece.ts";
import type { Tokenizer } from "./tokenizer.ts";

const UNKNOWN = 0;
const BEGINNING = 1;
const END = 2;
const LONGEST_PIECE = 4096; // bytes; SentencePiece's own default is 16 characters

/**
 * Reads a `tokenizer.bin`: the longest piece's length, then for each piece its score, its length and its bytes.
 * Ids 0, 1 and 2 are `<unk>`, `<s>` and `</s>`.
 * @throws FormatError where the file is truncated or no such vocabulary.
 */
export function tokenizerFromLlama2c(path: string, file: Uint8Array): Tokenizer {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const pieces: string[] = [];
  const scores: number[] = [];
  for (let at = 4; at < file.length; ) {
    if (at + 8 > file.length) throw new FormatError(path, `ends in the middle of piece ${pieces.length}`);
    const length = view.getInt32(at + 4, true);
    if (length <= 0 || length > LONGEST_PIECE || at + 8 + length > file.length) {
      throw new FormatError(path, `is no llama2.c tokenizer: piece ${pieces.length} has a length of ${length} bytes`);
    }
    scores.push(view.getFloat32(at, true));
    try {
      pieces.push(decoder.decode(file.subarray(at + 8, at + 8 + length)).replaceAll(" ", "▁"));
    } catch {
      throw new FormatError(path, `is no llama2.c tokenizer: piece ${pieces.length} is not UTF-8`);
    }
    at += 8 + length;
  }
  if (pieces.length <= END) throw new FormatError(path, "is no llama2.c tokenizer: it has too few pieces");
  // The file spells these with line breaks around, for its own way of printing.
  for (const [id, name] of ["<unk>", "<s>", "</s>"].entries()) pieces[id] = name;
  const json = sentencePieceJson({
    pieces,
    scores,
    control: [BEGINNING, END],
    userDefined: [],
    unknown: UNKNOWN,
    before: [BEGINNING],
    after: [],
    addSpacePrefix: true,
  });
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    clean_up_tokenization_spaces: false,
  };
  return createTokenizer(path, json, config);
}
