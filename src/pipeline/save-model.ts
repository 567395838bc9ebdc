/** Writes a model as a folder in Hugging Face layout. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Family } from "../families/index.ts";
import type { GenerationConfig, ModelConfig } from "../formats/config.ts";
import { type TensorToWrite, type WritableDtype, writeSafetensors } from "../formats/safetensors/writer.ts";
import { saveTokenizer } from "../formats/tokenizer/files.ts";
import type { Tokenizer } from "../formats/tokenizer/tokenizer.ts";
import { writeWholeFile } from "../formats/whole-file.ts";
import type { Model } from "../inference/model.ts";
import { namedWeights } from "../model/name-weights.ts";
import type { Weight } from "../model/weights.ts";
import { mixerTensorName } from "./layer-plan.ts";

/** A model with what belongs beside it. */
export interface ModelToSave {
  readonly family: Family;
  readonly config: ModelConfig | Readonly<Record<string, unknown>>;
  readonly generation: GenerationConfig | undefined;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  /** How the base weights are stored; mixers' parameters stay float32 (default: F32). */
  readonly dtype?: WritableDtype;
}

/** Writes a text file whole or not at all. */
export async function writeText(path: string, text: string): Promise<void> {
  await writeWholeFile(path, (append) => append(new TextEncoder().encode(text)));
}

/** Writes a JSON file whole or not at all. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeText(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** Writes config, weights and tokenizer; each file appears whole, the weights last. */
export async function saveModel(folder: string, saved: ModelToSave): Promise<void> {
  const { family, config, generation, model, tokenizer, dtype = "F32" } = saved;
  await mkdir(folder, { recursive: true });
  await saveTokenizer(tokenizer, folder);
  if (generation !== undefined) await writeJson(join(folder, "generation_config.json"), generation);
  await writeJson(join(folder, "config.json"), config);
  const tensor = (name: string, { shape, data }: Weight, type: WritableDtype): TensorToWrite => ({
    name,
    dtype: type,
    shape,
    data: () => data,
  });
  const base = namedWeights(model.weights, family.tensors, model.architecture);
  const mixers = model.mixers.flatMap(({ parameters }, layer) =>
    Object.entries(parameters).map(([name, weight]) => tensor(mixerTensorName(layer, name), weight, "F32")),
  );
  await writeSafetensors(join(folder, "model.safetensors"), [
    ...base.map(([name, weight]) => tensor(name, weight, dtype)),
    ...mixers,
  ]);
}
