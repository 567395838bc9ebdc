/** Opens any MODEL: folder, GGUF, llama2.c file, hub name or built-in; teachers and linearized models alike. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FormatError, SubquadError } from "../errors.ts";
import type { Architecture, Family, TensorNames } from "../families/index.ts";
import { type ChatTemplate, chatTemplateOf } from "../formats/chat.ts";
import {
  endOfTextIds,
  type GenerationConfig,
  type ModelConfig,
  readGenerationConfig,
  readModelConfig,
} from "../formats/config.ts";
import { resolveRepository } from "../formats/hub/resolve.ts";
import { locateModel, type ModelLocation } from "../formats/model-folder.ts";
import { openSafetensors } from "../formats/safetensors/reader.ts";
import type { TensorSource } from "../formats/tensor.ts";
import { absentTokenizer } from "../formats/tokenizer/absent.ts";
import { loadTokenizer, MissingTokenizer } from "../formats/tokenizer/files.ts";
import type { Tokenizer } from "../formats/tokenizer/tokenizer.ts";
import type { LayerMixer, Model, Shaped } from "../inference/model.ts";
import { beginFeeds, endFeeds } from "../model/ends.ts";
import { checkWeights, readWeights } from "../model/read-weights.ts";
import type { ModelWeights } from "../model/weights.ts";
import { builtInFolder, builtInNames } from "./built-in/models.ts";
import type { Reporter } from "./contract.ts";
import { familyFor } from "./family-files.ts";
import { openGgufModel, openLlama2cModel } from "./foreign-models.ts";
import { readLayerPlan } from "./layer-plan.ts";

/** A model as it lies on disk: configuration and tensors under Hugging Face's names. */
export interface StoredModel {
  readonly family: Family;
  readonly config: ModelConfig;
  readonly generation: GenerationConfig | undefined;
  readonly source: TensorSource;
  /** How the file spells the tensors (default: as the family's checkpoints). */
  readonly tensors?: TensorNames;
  /** Where its tokenizer lies. */
  readonly tokenizerPath: string;
}

/** A model ready to run. */
export interface OpenModel {
  /** As the user called it. */
  readonly name: string;
  /** The folder or file it was read from. */
  readonly path: string;
  readonly kind: ModelLocation["kind"];
  readonly family: Family;
  readonly config: ModelConfig;
  readonly generation: GenerationConfig | undefined;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly endOfText: readonly number[];
  readonly chatTemplate: ChatTemplate | undefined;
  /** A hash of architecture, layer plan and weights. */
  readonly fingerprint: string;
}

/** What opening may be told. */
export interface OpenOptions {
  /** A tokenizer file or folder instead of the model's own. */
  readonly tokenizer?: string | undefined;
  /** A YAML file that describes the family of a folder. */
  readonly family?: string | undefined;
  readonly reporter?: Reporter;
}

/** Finds a model, and reads its configuration. */
async function located(name: string, options: OpenOptions) {
  const location = locateModel(name, builtInNames);
  const path = await localPath(location, options.reporter);
  const stored = await openStored(location, path, options.family);
  const architecture = readArchitecture(path, stored.family, stored.config);
  return { location, path, stored, architecture, plan: readLayerPlan(path, stored.config, architecture) };
}

/** A model by its configuration and the names and shapes of its tensors, which are checked; no weight is read. */
export async function describeModel(
  name: string,
  options: OpenOptions = {},
): Promise<Pick<OpenModel, "name" | "family" | "config"> & { readonly model: Shaped }> {
  const { stored, architecture, plan } = await located(name, options);
  const { family, tensors = family.tensors, config, source } = stored;
  checkWeights(plan.withoutMixers(source), tensors, architecture);
  source.close();
  return {
    name,
    family,
    config,
    model: { architecture, mixers: plan.layers.map((spec) => ({ spec, parameters: {} })) },
  };
}

/** Opens a model by name. Throws a SubquadError that says what is missing, unsupported or malformed. */
export async function openModel(name: string, options: OpenOptions = {}): Promise<OpenModel> {
  const { location, path, stored, architecture, plan } = await located(name, options);
  const { family, tensors = family.tensors, config, generation, source } = stored;
  const weights = readWeights(plan.withoutMixers(source), tensors, architecture);
  const mixers = plan.read(source);
  source.close();
  const tokenizer = await (options.tokenizer === undefined
    ? ownTokenizer(stored.tokenizerPath)
    : loadTokenizer(options.tokenizer));
  return {
    name,
    path,
    kind: location.kind,
    family,
    config,
    generation,
    model: { architecture, weights, mixers },
    tokenizer,
    endOfText: stopIds(config, generation, tokenizer),
    chatTemplate: chatTemplateOf(name, tokenizer),
    fingerprint: fingerprintOf(architecture, mixers, weights),
  };
}

/** A model's tokenizer; without one, token ids are all that it reads and writes. */
async function ownTokenizer(path: string): Promise<Tokenizer> {
  try {
    return await loadTokenizer(path);
  } catch (error) {
    if (error instanceof MissingTokenizer) return absentTokenizer(error);
    throw error;
  }
}

async function localPath(location: ModelLocation, reporter: Reporter | undefined): Promise<string> {
  if (location.kind === "built-in") return builtInFolder(location.name);
  if (location.kind !== "hub") return location.path;
  let file = "";
  const { folder } = await resolveRepository(location, {
    onProgress: (event) => {
      if (event.file === file) return;
      file = event.file;
      reporter?.note(`downloading ${file} of ${location.repository}`);
    },
  });
  return folder;
}

async function openStored(location: ModelLocation, path: string, family: string | undefined): Promise<StoredModel> {
  if (location.kind === "gguf") return openGgufModel(path);
  if (location.kind === "llama2c") return openLlama2cModel(path);
  const config = await readModelConfig(path);
  return {
    family: await familyFor(path, config, family),
    config,
    generation: await readGenerationConfig(path),
    source: openSafetensors(path),
    tokenizerPath: path,
  };
}

function readArchitecture(path: string, family: Family, config: ModelConfig): Architecture {
  const result = family.config.safeParse(config);
  if (result.success) return result.data;
  throw new FormatError(
    path,
    `its configuration does not describe a ${family.name} model:\n${z.prettifyError(result.error)}`,
  );
}

function stopIds(config: ModelConfig, generation: GenerationConfig | undefined, tokenizer: Tokenizer): number[] {
  const ids = endOfTextIds(config, generation);
  if (ids.length > 0) return ids;
  return tokenizer.endOfText === undefined ? [] : [tokenizer.endOfText];
}

/** Bytes of each weight that enter the fingerprint: enough to tell models apart, few enough to be instant. */
const sampledBytes = 4096;

function fingerprintOf(architecture: Architecture, mixers: readonly LayerMixer[], weights: ModelWeights): string {
  const hash = createHash("sha256");
  hash.update(
    JSON.stringify({ ...architecture, ropes: architecture.ropes.map(({ frequencies }) => [...frequencies.inverse]) }),
  );
  hash.update(JSON.stringify(mixers.map(({ spec }) => spec)));
  const samples = [
    ...Object.values(beginFeeds(weights)),
    ...Object.values(endFeeds(weights)),
    ...weights.layers.flatMap((layer) => Object.values(layer)),
  ];
  for (const { data } of [...samples, ...mixers.flatMap(({ parameters }) => Object.values(parameters))]) {
    const length = Math.min(data.byteLength, sampledBytes);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, length));
    hash.update(new Uint8Array(data.buffer, data.byteOffset + data.byteLength - length, length));
  }
  return hash.digest("hex");
}

/** Throws unless ids are tokens of the model. */
export function requireTokens({ model, name }: OpenModel, ids: readonly number[]): void {
  const count = model.architecture.vocabularySize;
  const stranger = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= count);
  if (stranger !== undefined)
    throw new SubquadError(`${name}: token ${stranger} is outside its vocabulary of ${count}`);
}
