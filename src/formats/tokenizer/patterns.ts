/** The regular expressions that cut a text into words before the merges, as tokenizers and GGUF files name them. */
import type { Step } from "./schema.ts";

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const REST = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const CASED = (suffix: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${suffix}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${suffix}`;

/** GPT-2's words. */
export const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const LLAMA3 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${REST}`;
const QWEN2 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${REST}`;
const QWEN35 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${REST}`;
const GPT4O = `${CASED(`${CONTRACTIONS}?`)}|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${REST}`;
const TEKKEN = `${CASED("")}|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${REST}`;

/**
 * Patterns in which a space can only begin a word or belong to a run of white space, and whose look-ahead asks only
 * about white space: a text may be cut before a single space without changing any token.
 */
export const CUTTING_PATTERNS: ReadonlySet<string> = new Set([GPT2, LLAMA3, QWEN2, QWEN35, GPT4O, TEKKEN]);

/** One digit, or a run of them: all that Unicode calls a number, which is what the original `Digits` step cuts. */
export const DIGIT = "\\p{N}";
export const DIGITS = "\\p{N}+";

/** What a GGUF file's `tokenizer.ggml.pre` stands for. */
export interface PreTokenizerKind {
  /** Cut one after the other, each part of the former by the latter. */
  readonly patterns: readonly string[];
  /** A word that is a token is taken whole, whatever the merges say. */
  readonly ignoreMerges?: boolean;
  /** Sequences begin with the beginning-of-text token unless the file says otherwise. */
  readonly addBeginning?: boolean;
  /** The text is composed (Unicode NFC) first, as the original does though llama.cpp does not. */
  readonly composes?: boolean;
}

const gpt2: PreTokenizerKind = { patterns: [GPT2] };
const digitwise: PreTokenizerKind = { patterns: [DIGIT, GPT2] };
const qwen2: PreTokenizerKind = { patterns: [QWEN2], composes: true };
const llama3: PreTokenizerKind = { patterns: [LLAMA3] };

/** By the names llama.cpp gives them (src/llama-vocab.cpp). */
export const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizerKind> = new Map([
  ["default", { patterns: ["[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, DIGITS, "[0-9][0-9][0-9]"] }],
  ["gpt-2", gpt2],
  ["gpt2", gpt2],
  ["phi-2", gpt2],
  ["mpt", gpt2],
  ["olmo", gpt2],
  ["jais", gpt2],
  ["exaone4", gpt2],
  ["roberta-bpe", { ...gpt2, addBeginning: true }],
  ["jina-v2-code", { ...gpt2, addBeginning: true }],
  ["smollm", digitwise],
  ["starcoder", digitwise],
  ["refact", digitwise],
  ["command-r", digitwise],
  ["codeshell", digitwise],
  ["exaone", digitwise],
  ["minerva-7b", digitwise],
  ["llama-bpe", { ...llama3, ignoreMerges: true, addBeginning: true }],
  ["llama3", { ...llama3, ignoreMerges: true, addBeginning: true }],
  ["llama-v3", { ...llama3, ignoreMerges: true, addBeginning: true }],
  ["falcon3", { ...llama3, ignoreMerges: true, addBeginning: true }],
  ["dbrx", llama3],
  ["smaug-bpe", llama3],
  ["glm4", llama3],
  ["chatglm-bpe", llama3],
  ["qwen2", qwen2],
  ["stablelm2", qwen2],
  ["deepseek-r1-qwen", qwen2],
  ["megrez", { patterns: [QWEN2] }],
  ["hunyuan", { patterns: [QWEN2] }],
  ["qwen35", { patterns: [QWEN35], composes: true }],
  ["gpt-4o", { patterns: [GPT4O] }],
  ["llama4", { patterns: [GPT4O] }],
  ["tekken", { patterns: [TEKKEN], ignoreMerges: true, addBeginning: true }],
  ["falcon", { patterns: ["[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]"] }],
]);

/** A `Split` step that keeps each match as a part of its own. */
export function splitStep(regex: string): Step {
  return { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false };
}

/** The step that spells bytes as the printable characters of GPT-2's alphabet, without cutting. */
export function byteLevelStep(addPrefixSpace = false): Step {
  return { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: false, use_regex: false };
}
