/** A small random teacher with bytes as tokens, saved as a folder, and a text of few words that it can learn. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import llama from "../../src/families/known/llama.ts";
import { byteTokenizer } from "../../src/formats/tokenizer/bytes.ts";
import { softmaxSpec } from "../../src/mixers/index.ts";
import { saveModel } from "../../src/pipeline/save-model.ts";
import { tinyModel } from "../inference/tiny-model.ts";
import { uniform } from "../random.ts";

const sizes = {
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 257,
  max_position_embeddings: 256,
  tie_word_embeddings: true,
  attention_bias: true,
};

/** Paths of what was written, below one temporary folder. */
export interface SmallTeacher {
  readonly folder: string;
  readonly teacher: string;
  readonly text: string;
  remove(): void;
}

/** Writes teacher and text. */
export async function smallTeacher(): Promise<SmallTeacher> {
  const folder = mkdtempSync(join(tmpdir(), "subquad-small-teacher-"));
  const [teacher, text] = [join(folder, "teacher"), join(folder, "text.txt")];
  const next = uniform(5);
  const words = Array.from({ length: 4000 }, () => ["lorem", "ipsum", "dolor", "sit", "amet"][Math.floor(5 * next())]);
  writeFileSync(text, words.join(" "));
  const model = tinyModel([softmaxSpec], sizes);
  await saveModel(teacher, {
    family: llama,
    config: { model_type: "llama", ...sizes },
    generation: undefined,
    model,
    tokenizer: byteTokenizer(),
  });
  return { folder, teacher, text, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
