/** Tiny models with random weights, as teachers or with converted layers. */

import { type Architecture, blockOf, layerShapes, layerSizes, modelShapes } from "../../src/families/index.ts";
import falconH1 from "../../src/families/known/falcon-h1.ts";
import llama from "../../src/families/known/llama.ts";
import rwkv from "../../src/families/known/rwkv.ts";
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

/** A Llama of three layers, four heads in two groups and 61 tokens; `specs` repeat over the layers. */
export const tinyModel = (specs: readonly MixerSpec[], overrides: Readonly<Record<string, unknown>> = {}): Model =>
  randomModel(llama.config.parse({ ...config, ...overrides }), specs);

/** As large, with a Mamba-2 layer beside attention; `specs` take the place of the latter. */
export const tinyFalconH1 = (specs: readonly MixerSpec[] = []): Model => {
  const { attention_bias: _none, ...sizes } = config;
  const branch = { mamba_d_ssm: 32, mamba_n_heads: 4, mamba_d_head: 8, mamba_n_groups: 2, mamba_d_state: 8 };
  return randomModel(falconH1.config.parse({ ...sizes, ...branch, ssm_multipliers: [0.9, 1.1, 0.8, 1.2, 0.7] }), specs);
};

/** As wide and deep, with token shift. */
export const tinyRwkv = (): Model =>
  randomModel(rwkv.config.parse({ vocab_size: 61, hidden_size: 32, num_hidden_layers: 3, intermediate_size: 48 }));

/** A model with random weights; `specs` repeat over the layers, in place of their own mixers where there are some. */
export function randomModel(architecture: Architecture, specs: readonly MixerSpec[] = []): Model {
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
  const { embedding = weight([1]), head = embedding } = ends;
  const mixers = layers.map((_layer, index): LayerMixer => {
    const own = blockOf(architecture, index).mixer;
    const spec = specs[index % specs.length] ?? own;
    // What a layer's own mixer has learned is among the layer's weights.
    const planned = spec === own ? {} : mixerParameters(spec, layerSizes(blockOf(architecture, index)));
    const parameters = Object.entries(planned).map(([name, parameter]): [string, Weight] => {
      // Random feature maps around the identity, so that a mistaken map shows.
      const noise = normals(sizeOf(parameter.shape), seed++, 0.5);
      const data = initialValues(parameter, uniform(seed++)).map((x, place) => x + (noise[place] ?? 0));
      return [name, { dtype: "float32", shape: parameter.shape, data }];
    });
    return { spec, parameters: Object.fromEntries(parameters) };
  });
  return { architecture, weights: { ...ends, embedding, head, layers }, mixers };
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
