/** A tiny Llama with random weights, as teacher or with converted layers. */

import { blockOf, layerShapes, layerSizes, modelShapes } from "../../src/families/index.ts";
import llama from "../../src/families/known/llama.ts";
import { type Shape, sizeOf } from "../../src/graph/index.ts";
import type { LayerMixer, Model } from "../../src/inference/model.ts";
import { initialValues, type MixerSpec, mixerParameters, presets } from "../../src/mixers/index.ts";
import type { LayerWeights, Weight } from "../../src/model/weights.ts";
import { normals, uniform } from "../random.ts";

const config = {
  model_type: "llama",
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 61,
  max_position_embeddings: 128,
  tie_word_embeddings: true,
  attention_bias: true,
};

/** A model of three layers, four heads in two groups and 61 tokens; `specs` repeat over the layers. */
export function tinyModel(specs: readonly MixerSpec[], overrides: Readonly<Record<string, unknown>> = {}): Model {
  const architecture = llama.config.parse({ ...config, ...overrides });
  let seed = 1;
  const weight = (shape: Shape): Weight => {
    const deviation = shape.length === 1 ? 0.1 : 1.5 * (shape[1] ?? 1) ** -0.5;
    const data = Float32Array.from(normals(sizeOf(shape), seed++, deviation));
    return { dtype: "float32", shape, data: shape.length === 1 ? data.map((x) => 1 + x) : data };
  };
  const ends = Object.fromEntries([...modelShapes(architecture)].map(([role, shape]) => [role, weight(shape)]));
  const layers = architecture.blocks.map((block) =>
    Object.fromEntries([...layerShapes(block)].map(([role, shape]) => [role, weight(shape)])),
  ) as LayerWeights[];
  const { embedding = weight([1]), finalNorm = weight([1]), head = embedding } = ends;
  const mixers = layers.map((_layer, index): LayerMixer => {
    const spec = specs[index % specs.length] ?? softmax;
    const planned = mixerParameters(spec, layerSizes(blockOf(architecture, index)));
    const parameters = Object.entries(planned).map(([name, parameter]): [string, Weight] => {
      // Random feature maps around the identity, so that a mistaken map shows.
      const noise = normals(sizeOf(parameter.shape), seed++, 0.5);
      const data = initialValues(parameter, uniform(seed++)).map((x, place) => x + (noise[place] ?? 0));
      return [name, { dtype: "float32", shape: parameter.shape, data }];
    });
    return { spec, parameters: Object.fromEntries(parameters) };
  });
  return { architecture, weights: { embedding, finalNorm, head, layers }, mixers };
}

/** A preset by name. */
export function preset(name: string): MixerSpec {
  const spec = presets[name];
  if (spec === undefined) throw new Error(`there is no preset ${name}`);
  return spec;
}

/** The teacher's mixer. */
export const softmax: MixerSpec = preset("softmax");

/** Token ids of a vocabulary, reproducible. */
export function randomIds(count: number, vocabulary: number, seed = 7): number[] {
  const next = uniform(seed);
  return Array.from({ length: count }, () => Math.floor(next() * vocabulary));
}
