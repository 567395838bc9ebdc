/** Tokenizers on disk: read from a folder or file of any known kind, written in Hugging Face layout. */
import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FormatError } from "../../errors.ts";
import { openGguf } from "../gguf/reader.ts";
import { isRecord } from "../strict-json.ts";
import { readOptionalTextFile } from "../text-file.ts";
import { writeWholeFile } from "../whole-file.ts";
import { tokenizerFromGguf } from "./from-gguf.ts";
import { createTokenizer } from "./library-tokenizer.ts";
import { tokenizerFromLlama2c } from "./llama2c.ts";
import type { Tokenizer } from "./tokenizer.ts";

const MAXIMUM_TOKENIZER_BYTES = 256 * 2 ** 20; // the largest published ones have 35 MB
const MAXIMUM_CONFIG_BYTES = 32 * 2 ** 20;
const MAXIMUM_TEMPLATE_BYTES = 2 ** 20;

/** A folder has no tokenizer. */
export class MissingTokenizer extends FormatError {}

/**
 * Reads a tokenizer: a folder with `tokenizer.json`, such a file itself, a `.gguf`, or llama2.c's `.bin`. A
 * `chat_template.jinja` beside it becomes `chat_template` of `files.config`.
 * @throws MissingTokenizer for a folder without one, FormatError where it is malformed.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) throw new FormatError(path, "there is no such file or folder to read a tokenizer from");
  if (path.endsWith(".gguf")) return fromGgufFile(path);
  if (path.endsWith(".bin")) return fromLlama2cFile(path, status.size);
  return status.isDirectory() ? fromJson(path, join(path, "tokenizer.json")) : fromJson(dirname(path), path);
}

async function fromJson(folder: string, path: string): Promise<Tokenizer> {
  const text = await readOptionalTextFile(path, MAXIMUM_TOKENIZER_BYTES);
  if (text === undefined) {
    throw new MissingTokenizer(
      folder,
      `has no ${basename(path)}; name one with --tokenizer FILE (from tokenizer.model or vocab.txt, transformers' save_pretrained makes it)`,
    );
  }
  const configText = await readOptionalTextFile(join(folder, "tokenizer_config.json"), MAXIMUM_CONFIG_BYTES);
  const config = configText === undefined ? {} : parseJson(join(folder, "tokenizer_config.json"), configText);
  if (!isRecord(config)) throw new FormatError(join(folder, "tokenizer_config.json"), "is not a JSON object");
  const template = await readOptionalTextFile(join(folder, "chat_template.jinja"), MAXIMUM_TEMPLATE_BYTES);
  const settings = template === undefined ? config : { ...config, chat_template: template };
  return createTokenizer(path, parseJson(path, text), settings);
}

async function fromGgufFile(path: string): Promise<Tokenizer> {
  const source = openGguf(path);
  try {
    return tokenizerFromGguf(path, source.metadata);
  } finally {
    source.close();
  }
}

async function fromLlama2cFile(path: string, size: number): Promise<Tokenizer> {
  if (size > MAXIMUM_CONFIG_BYTES) throw new FormatError(path, `has ${size} bytes, too many for a llama2.c tokenizer`);
  return tokenizerFromLlama2c(path, await readFile(path));
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, `is not valid JSON (${error instanceof Error ? error.message : error})`, {
      cause: error,
    });
  }
}

/** Writes `tokenizer.json` and `tokenizer_config.json` into a folder, each whole or not at all. */
export async function saveTokenizer(tokenizer: Tokenizer, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { files } = tokenizer;
  if (files === undefined) return;
  for (const [name, value] of [
    ["tokenizer.json", files.tokenizer],
    ["tokenizer_config.json", files.config],
  ] as const) {
    await writeWholeFile(join(folder, name), (append) =>
      append(new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`)),
    );
  }
}
