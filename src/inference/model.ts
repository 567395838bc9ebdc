/** A model in memory: its architecture, its weights and what mixes the tokens of each layer. */
import { type Architecture, blockOf } from "../families/index.ts";
import { type MixerSpec, sameMixer } from "../mixers/index.ts";
import type { ModelWeights, Weight } from "../model/weights.ts";

/** A layer's token mixer with its learned parameters by name. */
export interface LayerMixer {
  readonly spec: MixerSpec;
  readonly parameters: Readonly<Record<string, Weight>>;
}

/** What a model is but for its numbers. */
export type Shaped = Pick<Model, "architecture" | "mixers">;

/** A model: converted where some layer's mixer is not the one its family has there. */
export interface Model {
  readonly architecture: Architecture;
  readonly weights: ModelWeights;
  readonly mixers: readonly LayerMixer[];
}

/** The mixers of an unconverted model. */
export function ownMixers({ blocks }: Architecture): LayerMixer[] {
  return blocks.map(({ mixer }) => ({ spec: mixer, parameters: {} }));
}

/** Whether another mixer has taken the place of a layer's own. */
export function isReplaced({ architecture, mixers }: Shaped, layer: number): boolean {
  const spec = mixers[layer]?.spec;
  return spec !== undefined && !sameMixer(spec, blockOf(architecture, layer).mixer);
}

/** The layers whose mixers have been replaced. */
export function replacedLayers(model: Shaped): number[] {
  return [...model.mixers.keys()].filter((layer) => isReplaced(model, layer));
}

/** Whether any layer's mixer has been replaced. */
export const isConverted = (model: Shaped): boolean => replacedLayers(model).length > 0;
