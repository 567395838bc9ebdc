/** `config.json` and `generation_config.json` as checked records; what the keys mean is for the families to say. */
import { join } from "node:path";
import { z } from "zod";
import { FormatError } from "../errors.ts";
import { parseStrictJson } from "./strict-json.ts";
import { readOptionalTextFile, readTextFile } from "./text-file.ts";

const MAXIMUM_CONFIG_BYTES = 16 * 2 ** 20; // published ones stay below 100 KB; label maps can be larger

const tokenIdSchema = z.int().nonnegative();
/** One id, several, or none. */
const tokenIdsSchema = z.union([tokenIdSchema, z.array(tokenIdSchema)]).nullish();

const modelConfigSchema = z.looseObject({
  model_type: z.string().min(1),
  architectures: z.array(z.string()).nullish(),
  bos_token_id: tokenIdsSchema,
  eos_token_id: tokenIdsSchema,
  pad_token_id: tokenIdSchema.or(z.literal(-1)).nullish(),
});

/** A model's configuration: `model_type`, and all other keys as they stand in the file. */
export type ModelConfig = z.infer<typeof modelConfigSchema>;

const generationConfigSchema = z.looseObject({
  bos_token_id: tokenIdsSchema,
  eos_token_id: tokenIdsSchema,
  pad_token_id: tokenIdsSchema,
  do_sample: z.boolean().nullish(),
  temperature: z.number().nonnegative().nullish(),
  top_p: z.number().nonnegative().nullish(),
  top_k: z.int().nonnegative().nullish(),
  min_p: z.number().nonnegative().nullish(),
  repetition_penalty: z.number().positive().nullish(),
  max_new_tokens: z.int().positive().nullish(),
});

/** Defaults for generating text, as `generation_config.json` has them. */
export type GenerationConfig = z.infer<typeof generationConfigSchema>;

/**
 * Reads `config.json` from a folder, or the file itself.
 * @throws FormatError where it is missing, malformed, or lacks `model_type`.
 */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  const file = path.endsWith(".json") ? path : join(path, "config.json");
  return parseModelConfig(file, await readTextFile(file, MAXIMUM_CONFIG_BYTES));
}

/** The same from a text; `path` is what errors call it. */
export function parseModelConfig(path: string, text: string): ModelConfig {
  return check(path, modelConfigSchema, parsePythonJson(path, text));
}

/** Reads `generation_config.json` from a folder; undefined where there is none. */
export async function readGenerationConfig(folder: string): Promise<GenerationConfig | undefined> {
  const file = join(folder, "generation_config.json");
  const text = await readOptionalTextFile(file, MAXIMUM_CONFIG_BYTES);
  return text === undefined ? undefined : check(file, generationConfigSchema, parsePythonJson(file, text));
}

/** The ids after which a model stops: those of `generation_config.json`, else those of `config.json`, else none. */
export function endOfTextIds(config: ModelConfig, generation?: GenerationConfig): number[] {
  const ids = generation?.eos_token_id ?? config.eos_token_id ?? [];
  return typeof ids === "number" ? [ids] : [...ids];
}

function check<T>(path: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new FormatError(path, `is not a configuration this can read:\n${z.prettifyError(result.error)}`);
}

/** Stands for a bare NaN while JSON is parsed; no configuration spells a string so. */
const NOT_A_NUMBER = "\u0000NaN";

/**
 * JSON as Python's `json` writes it: numbers may be `Infinity`, `-Infinity` and `NaN`.
 * @throws FormatError where it is not JSON.
 */
export function parsePythonJson(path: string, text: string): unknown {
  const bare = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|-?Infinity|NaN/g;
  let seen = false;
  const plain = text.replace(bare, (token) => {
    if (token.startsWith('"')) return token;
    seen = true;
    // A number beyond double's range is read as infinite.
    return token === "NaN" ? JSON.stringify(NOT_A_NUMBER) : `${token.startsWith("-") ? "-" : ""}1e999`;
  });
  const value = parseStrictJson(path, plain);
  return seen ? revive(value) : value;
}

function revive(value: unknown): unknown {
  if (value === NOT_A_NUMBER) return Number.NaN;
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}
