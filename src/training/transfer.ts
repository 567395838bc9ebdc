/** Attention transfer: every layer's mixer learns the teacher's attention from the teacher's own hidden states, with no backward pass across blocks. */

import type { Architecture } from "../families/index.ts";
import type { MixerSpec } from "../mixers/index.ts";
import type { FrozenProducts } from "../model/projection.ts";
import type { ModelWeights } from "../model/weights.ts";
import type { Engine } from "../runtime/index.ts";
import type { AdamWSettings } from "./adamw.ts";
import type { TokenWindow } from "./data-order.ts";
import type { Trainee } from "./loop.ts";
import { type Gradients, layerGroup, Optimizer, type ParameterGroup, type Parameters } from "./optimizer.ts";
import { type LayerAttention, TeacherPass } from "./teacher-pass.ts";
import { transferLayer } from "./transfer-groups.ts";

/** What a layer of the student is. */
export interface StudentLayer {
  readonly spec: MixerSpec;
  /** The mixer's parameters by name; empty for a layer that stays softmax attention. */
  readonly parameters: Parameters;
}

/** What attention transfer needs to know. */
export interface TransferPlan {
  readonly architecture: Architecture;
  readonly weights: ModelWeights;
  readonly layers: readonly StudentLayer[];
  readonly batch: number;
  readonly length: number;
  /** Factor of the mean squared error (published: 1000). */
  readonly weight: number;
  /** Factor of the cross-entropy between attention weights (published: 0 or 1). */
  readonly attentionWeights: number;
  readonly optimizer: AdamWSettings;
  /** Parameter names that learn; others stay as they are. */
  readonly trains: (parameter: string) => boolean;
  readonly heldOut: readonly TokenWindow[];
  /** Products with the teacher's weights while learning; held-out text is always measured in float32. */
  readonly products: FrozenProducts;
  /** Micro-batches whose teacher pass is kept, for steps that learn from the same text again. */
  readonly remembered: number;
}

/** The mixers of a student, learning. */
export class TransferTrainee implements Trainee {
  readonly optimizer: Optimizer;
  readonly #engine: Engine;
  readonly #plan: TransferPlan;
  readonly #teacher: TeacherPass;
  readonly #learning: readonly number[];

  constructor(engine: Engine, plan: TransferPlan) {
    this.#engine = engine;
    this.#plan = plan;
    const groups = new Map<string, ParameterGroup>();
    plan.layers.forEach(({ parameters }, layer) => {
      const trained = Object.entries(parameters).filter(([name]) => plan.trains(name));
      if (trained.length > 0) groups.set(layerGroup(layer), { parameters: Object.fromEntries(trained) });
    });
    this.#learning = plan.layers.flatMap((_unused, layer) => (groups.has(layerGroup(layer)) ? [layer] : []));
    const { architecture, weights, length, products, remembered } = plan;
    this.#teacher = new TeacherPass(engine, {
      architecture,
      weights,
      length,
      layers: this.#learning,
      products,
      remembered,
    });
    this.optimizer = new Optimizer(engine, groups, plan.optimizer);
  }

  /** The layers as they stand. */
  layers(): StudentLayer[] {
    return this.#plan.layers.map(({ spec, parameters }, layer) => ({
      spec,
      parameters: { ...parameters, ...this.optimizer.groups.get(layerGroup(layer))?.parameters },
    }));
  }

  async gradients({ ids }: TokenWindow): Promise<{ loss: number; gradients: Gradients }> {
    const gradients: Gradients = new Map();
    const error = await this.#pass(ids, this.#teacher.learn(ids), gradients);
    return { loss: this.#plan.weight * error, gradients };
  }

  /** Mean over layers of the unscaled error on held-out text. */
  async heldOut(): Promise<number> {
    let total = 0;
    for (const { ids } of this.#plan.heldOut) total += await this.#pass(ids, this.#teacher.judge(ids));
    return total / this.#plan.heldOut.length;
  }

  /** The mean error of the learning layers in one teacher pass; sets their gradients where they learn from it. */
  async #pass(ids: Int32Array, passed: AsyncIterable<LayerAttention>, learn?: Gradients): Promise<number> {
    const { architecture, length, weight, attentionWeights, trains } = this.#plan;
    const { heads, groups, headDim } = architecture;
    const sizes = { batch: ids.length / length, heads, groups, length, dim: headDim };
    const layers = this.layers();
    const count = this.#learning.length;
    let total = 0;
    for await (const { layer, attention } of passed) {
      const { spec, parameters } = layers[layer] as StudentLayer;
      const { error, gradients } = await transferLayer(this.#engine, sizes, attention, {
        spec,
        parameters,
        scale: weight / count,
        weightsScale: attentionWeights / count,
        trained: learn === undefined ? [] : Object.keys(parameters).filter(trains),
      });
      total += error;
      learn?.set(layerGroup(layer), gradients);
    }
    return total / count;
  }
}
