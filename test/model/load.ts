/** Loads the tiny checkpoints of the shared data for tests. */

import { readFileSync } from "node:fs";
import { familyOf } from "../../src/families/index.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { type Model, ownMixers } from "../../src/inference/model.ts";
import { readWeights } from "../../src/model/read-weights.ts";

/** The model in a folder of Hugging Face layout, read with the given configuration file. */
export async function loadFolder(folder: string, configFile = "config.json"): Promise<Model> {
  const raw = readFileSync(`${folder}/${configFile}`, "utf8").replaceAll(/\bInfinity\b/g, "1e999");
  const config = JSON.parse(raw) as { model_type: string };
  const family = await familyOf(config.model_type);
  if (family === undefined) throw new Error(`no family for ${config.model_type}`);
  const architecture = family.config.parse(config);
  const source = openSafetensors(folder);
  const weights = readWeights(source, family.tensors, architecture);
  source.close();
  return { architecture, weights, mixers: ownMixers(architecture) };
}
