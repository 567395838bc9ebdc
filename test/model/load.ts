/** Loads the tiny checkpoints of the shared data for tests. */

import { familyOf } from "../../src/families/index.ts";
import { readModelConfig } from "../../src/formats/config.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { type Model, ownMixers } from "../../src/inference/model.ts";
import { readWeights } from "../../src/model/read-weights.ts";

/** The model in a folder of Hugging Face layout, read with the given configuration file. */
export async function loadFolder(folder: string, configFile = "config.json"): Promise<Model> {
  const config = await readModelConfig(`${folder}/${configFile}`);
  const family = await familyOf(config.model_type);
  if (family === undefined) throw new Error(`no family for ${config.model_type}`);
  const architecture = family.config.parse(config);
  const source = openSafetensors(folder);
  const weights = readWeights(source, family.tensors, architecture);
  source.close();
  return { architecture, weights, mixers: ownMixers(architecture) };
}
