/** Models from files of other programs, shown under Hugging Face's names and row order. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { FormatError } from "../errors.ts";
import { configFromGguf } from "../families/gguf-config.ts";
import { type Family, families, familyOf, familyOfGguf, type GgufSpelling, type LayerRole } from "../families/index.ts";
import type { ModelConfig } from "../formats/config.ts";
import { openGguf } from "../formats/gguf/reader.ts";
import { openLlama2c } from "../formats/llama2c.ts";
import { rowsFromInterleaved } from "../formats/rotary-rows.ts";
import type { TensorSource } from "../formats/tensor.ts";
import type { StoredModel } from "./open-model.ts";

/** Opens a GGUF file. Throws a FormatError for an architecture that no family covers. */
export function openGgufModel(path: string): StoredModel {
  const source = openGguf(path);
  const architecture = String(source.metadata.get("general.architecture"));
  const family = familyOfGguf(architecture);
  if (family?.gguf === undefined) {
    const known = families.flatMap((each) => each.gguf?.architecture ?? []).join(", ");
    throw new FormatError(path, `its architecture "${architecture}" is not supported (supported: ${known})`);
  }
  const config: Record<string, unknown> = {
    model_type: family.modelTypes[0] ?? family.name,
    ...configFromGguf(source, family.gguf),
  };
  const heads = {
    queries: Number(config.num_attention_heads),
    keys: Number(config.num_key_value_heads ?? config.num_attention_heads),
  };
  return {
    family,
    config: { ...config, eos_token_id: numberOf(source.metadata.get("tokenizer.ggml.eos_token_id")) } as ModelConfig,
    generation: undefined,
    source: renamed(source, family, family.gguf, heads),
    tokenizerPath: path,
  };
}

/** Opens a llama2.c checkpoint; its tokenizer is `tokenizer.bin` or `tok512.bin` beside it, unless another is named. */
export function openLlama2cModel(path: string): StoredModel {
  const source = openLlama2c(path);
  const { config: header } = source;
  const family = familyOf("llama");
  if (family === undefined) throw new FormatError(path, "the llama family is missing");
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
    tokenizerPath: candidates.find((candidate) => existsSync(candidate)) ?? candidates[0] ?? folder,
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

type PairedHeads = Readonly<Record<"queries" | "keys", number>>;

/** The same tensors under Hugging Face's names, rotary rows half a head apart. */
function renamed(source: TensorSource, family: Family, spelling: GgufSpelling, heads: PairedHeads): TensorSource {
  const own = new Map<string, { name: string; role?: LayerRole }>();
  const layers = source.names().length;
  for (const [role, name] of Object.entries(family.tensors.model)) {
    const theirs = spelling.tensors.model[role as keyof typeof spelling.tensors.model];
    if (name !== undefined && theirs !== undefined && source.has(theirs)) own.set(name, { name: theirs });
  }
  for (const [key, template] of Object.entries(family.tensors.layer)) {
    const role = key as LayerRole;
    const theirs = spelling.tensors.layer[role];
    if (template === undefined || theirs === undefined) continue;
    for (let layer = 0; layer < layers; layer++) {
      const name = theirs.replace("{layer}", String(layer));
      if (source.has(name)) own.set(template.replace("{layer}", String(layer)), { name, role });
    }
  }
  const known = new Set([...own.values()].map(({ name }) => name));
  const redundant = (name: string) => spelling.tensors.redundant.some((pattern) => pattern.test(name));
  for (const name of source.names()) if (!known.has(name) && !redundant(name)) own.set(name, { name });
  const theirs = (name: string) => own.get(name)?.name ?? name;
  return {
    path: source.path,
    metadata: source.metadata,
    names: () => [...own.keys()],
    has: (name) => own.has(name),
    info: (name) => ({ ...source.info(theirs(name)), name }),
    readRaw: (name) => source.readRaw(theirs(name)),
    readFloat32: (name) => {
      const data = source.readFloat32(theirs(name));
      const role = own.get(name)?.role;
      if (role === undefined || !spelling.interleaved.includes(role)) return data;
      const rows = source.info(theirs(name)).shape[0] ?? 0;
      return rowsFromInterleaved(data, role.startsWith("queries") ? heads.queries : heads.keys, rows);
    },
    close: () => source.close(),
  };
}
