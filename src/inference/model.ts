/** A model in memory: its architecture, its weights and what mixes the tokens of each layer. */
import type { Architecture } from "../families/index.ts";
import type { MixerSpec } from "../mixers/index.ts";
import type { ModelWeights, Weight } from "../model/weights.ts";

/** A layer's token mixer with its learned parameters by name. */
export interface LayerMixer {
  readonly spec: MixerSpec;
  readonly parameters: Readonly<Record<string, Weight>>;
}

/** A model: converted where some layer's mixer is not softmax attention. */
export interface Model {
  readonly architecture: Architecture;
  readonly weights: ModelWeights;
  readonly mixers: readonly LayerMixer[];
}
