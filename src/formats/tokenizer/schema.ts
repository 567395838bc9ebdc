/** The parts of `tokenizer.json` and `tokenizer_config.json` that this code itself looks at. */
import { z } from "zod";
import { isRecord } from "../strict-json.ts";

/** A step of a pipeline: a type with its own options. */
export const stepSchema = z.looseObject({ type: z.string() });
export type Step = z.infer<typeof stepSchema>;

const addedTokenSchema = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
});
export type AddedToken = z.infer<typeof addedTokenSchema>;

/** Vocabularies and merges have hundreds of thousands of entries: they are checked in place, not copied. */
const vocabularySchema = z.custom<Record<string, number> | [string, number][]>(isVocabulary, {
  error: "expected tokens with their ids, or a list of tokens with their scores",
});
const mergesSchema = z.custom<(string | [string, string])[]>(isMerges, {
  error: 'expected a list of pairs such as "t h" or ["t", "h"]',
});

function isVocabulary(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.every((entry) => Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "number");
  }
  if (!isRecord(value)) return false;
  return Object.values(value).every((id) => typeof id === "number" && Number.isSafeInteger(id) && id >= 0);
}

function isMerges(value: unknown): boolean {
  const isPair = (pair: unknown[]): boolean => pair.length === 2 && pair.every((token) => typeof token === "string");
  return (
    Array.isArray(value) && value.every((merge) => typeof merge === "string" || (Array.isArray(merge) && isPair(merge)))
  );
}

const modelSchema = z.looseObject({
  type: z.string().optional(),
  vocab: vocabularySchema,
  merges: mergesSchema.optional(),
});

/** `tokenizer.json`. */
export const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: stepSchema.nullable().default(null),
  pre_tokenizer: stepSchema.nullable().default(null),
  post_processor: stepSchema.nullable().default(null),
  decoder: stepSchema.nullable().default(null),
  model: modelSchema,
});
export type TokenizerJson = z.infer<typeof tokenizerSchema>;

const namedTokenSchema = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();

/** `tokenizer_config.json`. */
export const tokenizerConfigSchema = z.looseObject({
  bos_token: namedTokenSchema,
  eos_token: namedTokenSchema,
  pad_token: namedTokenSchema,
  unk_token: namedTokenSchema,
  added_tokens_decoder: z.record(z.string(), z.looseObject({ content: z.string().min(1) })).nullish(),
});
export type TokenizerConfigJson = z.infer<typeof tokenizerConfigSchema>;

/** Steps inside a `Sequence`, or the step itself. */
export function stepsOf(step: Step | null): Step[] {
  if (step === null) return [];
  const inner = [step.pretokenizers, step.normalizers, step.decoders, step.processors].find(Array.isArray);
  if (step.type !== "Sequence" || inner === undefined) return [step];
  return inner.flatMap((each) => stepsOf(stepSchema.parse(each)));
}

/** The regular expression of a `Split` step, where it has one. */
export function patternOf(step: Step): string | undefined {
  const { pattern } = step;
  if (typeof pattern !== "object" || pattern === null || !("Regex" in pattern)) return undefined;
  return typeof pattern.Regex === "string" ? pattern.Regex : undefined;
}
