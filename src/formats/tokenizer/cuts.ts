/** Where a text can be cut so that its parts, tokenized one by one, give the tokens of the whole. */
import { CUTTING_PATTERNS, DIGIT, DIGITS } from "./patterns.ts";
import { patternOf, type Step, stepsOf, type TokenizerJson } from "./schema.ts";

/** The normalizers that treat the two sides of a space apart from each other. */
const LOCAL_NORMALIZERS = new Set(["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Prepend", "Replace"]);

/**
 * True where cutting a text before each single space between two visible characters changes no token: every step is known
 * to work on both sides alone, no token of the vocabulary reaches over such a space, and no added token holds
 * one or swallows the spaces around it.
 */
export function canCutAtSpaces(tokenizer: TokenizerJson): boolean {
  const greedy = tokenizer.added_tokens.some(
    ({ content, lstrip, rstrip }) => lstrip || rstrip || content === " " || /\S \S/u.test(content),
  );
  if (greedy || !stepsOf(tokenizer.normalizer).every(isLocalNormalizer)) return false;
  const reaches = stepsOf(tokenizer.pre_tokenizer).map(reachOf);
  if (reaches.includes("unknown")) return false;
  return reaches.includes("word") || !crossesSpaces(tokenizer);
}

function isLocalNormalizer(step: Step): boolean {
  if (step.type === "Replace") {
    const { pattern } = step;
    return typeof pattern === "object" && pattern !== null && "String" in pattern && pattern.String === " ";
  }
  return LOCAL_NORMALIZERS.has(step.type);
}

/** `word`: cuts at the space by itself; `local`: does no harm there. */
function reachOf(step: Step): "word" | "local" | "unknown" {
  switch (step.type) {
    case "ByteLevel":
      return step.use_regex === false ? "local" : "word";
    case "Whitespace":
    case "WhitespaceSplit":
      return "word";
    case "Digits":
    case "Punctuation":
    case "Metaspace":
      return "local";
    case "Split": {
      const pattern = patternOf(step) ?? "";
      if (step.behavior !== "Isolated" && step.behavior !== "Removed") return "unknown";
      if (CUTTING_PATTERNS.has(pattern)) return "word";
      return pattern === DIGIT || pattern === DIGITS ? "local" : "unknown";
    }
    default:
      return "unknown";
  }
}

/** Whether some token has a space, spelled `▁` or itself, behind another character: then merges may cross. */
function crossesSpaces(tokenizer: TokenizerJson): boolean {
  const { vocab } = tokenizer.model;
  const tokens = Array.isArray(vocab) ? vocab.map(([token]) => token) : Object.keys(vocab);
  return tokens.some((token) => /[^▁][▁ ]|[^ ] /u.test(token));
}

/** White space as Unicode and as JavaScript have it: what only one of them counts is not cut at either. */
const SPACE = /[\s\u0085]/;

/** True where `text` may be cut before its position `at`. */
function isCut(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== 0x20 || at === 0 || at + 1 >= text.length) return false;
  return !SPACE.test(text.charAt(at - 1)) && !SPACE.test(text.charAt(at + 1));
}

/** The next position after `from` where the text may be cut, or its length. */
export function nextCut(text: string, from: number): number {
  for (let at = text.indexOf(" ", from + 1); at >= 0; at = text.indexOf(" ", at + 1)) {
    if (isCut(text, at)) return at;
  }
  return text.length;
}

/** The last position after `from` where the text may be cut, or -1. */
export function lastCut(text: string, from: number): number {
  for (let at = text.lastIndexOf(" ", text.length - 2); at > from; at = text.lastIndexOf(" ", at - 1)) {
    if (isCut(text, at)) return at;
  }
  return -1;
}
