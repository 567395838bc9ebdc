/** Models from files of other programs, shown under Hugging Face's names and row order. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { FormatError } from "../errors.ts";
import { configFromGguf } from "../families/gguf-config.ts";
import { familyNamed, familyOfGguf, knownFamilies } from "../families/index.ts";
import type { ModelConfig } from "../formats/config.ts";
import { openGguf } from "../formats/gguf/reader.ts";
import { openLlama2c } from "../formats/llama2c.ts";
import type { StoredModel } from "./open-model.ts";

/** Opens a GGUF file. Throws a FormatError for an architecture that no family covers. */
export async function openGgufModel(path: string): Promise<StoredModel> {
  const source = openGguf(path);
  const architecture = String(source.metadata.get("general.architecture"));
  const family = await familyOfGguf(architecture);
  if (family?.gguf === undefined) {
    const known = (await knownFamilies()).flatMap((each) => each.gguf?.architecture ?? []).join(", ");
    throw new FormatError(path, `its architecture "${architecture}" is not supported (supported: ${known})`);
  }
  const config: Record<string, unknown> = {
    model_type: family.modelTypes[0] ?? family.name,
    ...configFromGguf(source, family.gguf),
  };
  return {
    family,
    config: { ...config, eos_token_id: numberOf(source.metadata.get("tokenizer.ggml.eos_token_id")) } as ModelConfig,
    generation: undefined,
    source,
    tensors: family.gguf.tensors((name) => source.has(name)),
    tokenizerPath: path,
  };
}

/** Opens a llama2.c checkpoint; its tokenizer is `tokenizer.bin` or `tok512.bin` beside it, unless another is named. */
export async function openLlama2cModel(path: string): Promise<StoredModel> {
  const source = openLlama2c(path);
  const { config: header } = source;
  const family = await familyNamed("llama");
  const folder = dirname(path);
  const candidates = ["tokenizer.bin", `tok${header.vocabularySize}.bin`].map((name) => join(folder, name));
  return {
    family,
    config: {
      model_type: "llama",
      hidden_size: header.hiddenSize,
      intermediate_size: header.intermediateSize,
      num_hidden_layers: header.layers,
      num_attention_heads: header.heads,
      num_key_value_heads: header.keyValueHeads,
      vocab_size: header.vocabularySize,
      max_position_embeddings: header.contextLength,
      rms_norm_eps: header.normEpsilon,
      rope_theta: header.ropeTheta,
      tie_word_embeddings: header.tied,
    },
    generation: undefined,
    source,
    tensors: { ...family.tensors, rotary: "adjacent" },
    tokenizerPath: candidates.find((candidate) => existsSync(candidate)) ?? candidates[0] ?? folder,
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
