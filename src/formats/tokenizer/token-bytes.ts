/** The bytes behind each token, for decoders whose text is the concatenation of its tokens' bytes. */
import { spelledBytes } from "./byte-alphabet.ts";
import { type Step, stepsOf } from "./schema.ts";

/** How tokens spell text. */
export interface TokenBytes {
  /** The bytes of an ordinary token. */
  readonly bytesOf: (token: string) => Uint8Array;
  /** The space that stands before the first word is not part of the text. */
  readonly stripsFirstSpace: boolean;
}

const encoder = new TextEncoder();

/**
 * The spelling that a `decoder` of tokenizer.json describes, or undefined where a text is more than its tokens'
 * bytes joined (WordPiece and the like).
 */
export function tokenBytes(decoder: Step | null): TokenBytes | undefined {
  const steps = stepsOf(decoder);
  const types = steps.map(({ type }) => type);
  if (types.join() === "ByteLevel") {
    return { bytesOf: (token) => spelledBytes(token) ?? encoder.encode(token), stripsFirstSpace: false };
  }
  const known = new Set(["Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"]);
  const spaces = steps.every((step) => step.type !== "Replace" || isSpaceReplacement(step));
  const strips = steps.every(
    (step) => step.type !== "Strip" || (step.content === " " && step.start === 1 && !step.stop),
  );
  const metaspaces = types.includes("Metaspace") || types.includes("Replace");
  if (!metaspaces || !spaces || !strips || !types.every((type) => known.has(type))) return undefined;
  const fallback = types.includes("ByteFallback");
  const scheme = steps.find(({ type }) => type === "Metaspace")?.prepend_scheme;
  return {
    bytesOf: (token) => {
      const byte = fallback ? /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1] : undefined;
      return byte === undefined ? encoder.encode(token.replaceAll("▁", " ")) : Uint8Array.of(Number.parseInt(byte, 16));
    },
    stripsFirstSpace: types.includes("Strip") || (types.includes("Metaspace") && scheme !== "never"),
  };
}

function isSpaceReplacement(step: Step): boolean {
  const { pattern, content } = step;
  return (
    typeof pattern === "object" && pattern !== null && "String" in pattern && pattern.String === "▁" && content === " "
  );
}
