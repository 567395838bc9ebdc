/** What stands in a tokenizer's place where a folder has none: token ids work, texts say what is missing. */
import type { SubquadError } from "../../errors.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** A tokenizer that throws `problem` once a text is to be read or written. */
export function absentTokenizer(problem: SubquadError): Tokenizer {
  const fail = (): never => {
    throw problem;
  };
  return {
    vocabularySize: 0,
    specialIds: new Set(),
    beginningOfText: undefined,
    endOfText: undefined,
    documentSeparator: undefined,
    padding: undefined,
    files: undefined,
    encode: fail,
    // biome-ignore lint/correctness/useYield: it throws before it could.
    async *encodeParts() {
      fail();
    },
    decode: fail,
    streamingDecoder: fail,
    idOf: fail,
    tokenOf: fail,
  };
}
