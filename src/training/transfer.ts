/** Attention transfer: every layer's mixer learns the teacher's attention from the teacher's own hidden states, with no backward pass across blocks. */

import type { Architecture } from "../families/index.ts";
import type { MixerSpec } from "../mixers/index.ts";
import { type AngleTables, angleTables } from "../model/angles.ts";
import { embedProgram } from "../model/head.ts";
import { mixerBlockProgram } from "../model/mixer-block.ts";
import { transferBlockProgram } from "../model/transfer-block.ts";
import type { ModelWeights } from "../model/weights.ts";
import { type Engine, type FloatTensor, floatsOf, indices, type Tensor, type Tensors } from "../runtime/index.ts";
import type { AdamWSettings } from "./adamw.ts";
import type { TokenWindow } from "./data-order.ts";
import type { Trainee } from "./loop.ts";
import { type Gradients, Optimizer, type ParameterGroup, type Parameters } from "./optimizer.ts";

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
  readonly optimizer: AdamWSettings;
  /** Parameter names that learn; others stay as they are. */
  readonly trains: (parameter: string) => boolean;
  readonly heldOut: readonly TokenWindow[];
}

/** The mixers of a student, learning. */
export class TransferTrainee implements Trainee {
  readonly optimizer: Optimizer;
  readonly #engine: Engine;
  readonly #plan: TransferPlan;
  readonly #angles: AngleTables;
  readonly #learning: readonly number[];

  constructor(engine: Engine, plan: TransferPlan) {
    this.#engine = engine;
    this.#plan = plan;
    this.#angles = angleTables(plan.architecture, 0, plan.length);
    const groups = new Map<string, ParameterGroup>();
    plan.layers.forEach(({ parameters }, layer) => {
      const trained = Object.entries(parameters).filter(([name]) => plan.trains(name));
      if (trained.length > 0) groups.set(groupName(layer), { parameters: Object.fromEntries(trained) });
    });
    this.#learning = plan.layers.flatMap((_unused, layer) => (groups.has(groupName(layer)) ? [layer] : []));
    this.optimizer = new Optimizer(engine, groups, plan.optimizer);
  }

  /** The layers as they stand. */
  layers(): StudentLayer[] {
    return this.#plan.layers.map(({ spec, parameters }, layer) => ({
      spec,
      parameters: { ...parameters, ...this.optimizer.groups.get(groupName(layer))?.parameters },
    }));
  }

  async gradients(window: TokenWindow): Promise<{ loss: number; gradients: Gradients }> {
    const gradients: Gradients = new Map();
    const error = await this.#pass(window, true, (layer, tensors) => {
      const own = Object.entries(tensors).filter(([name]) => name.startsWith(gradientPrefix));
      gradients.set(
        groupName(layer),
        Object.fromEntries(own.map(([name, tensor]) => [name.slice(gradientPrefix.length), tensor])),
      );
    });
    return { loss: this.#plan.weight * error, gradients };
  }

  /** Mean over layers of the unscaled error on held-out text. */
  async heldOut(): Promise<number> {
    let total = 0;
    for (const window of this.#plan.heldOut) total += await this.#pass(window, false, () => {});
    return total / this.#plan.heldOut.length;
  }

  /** One teacher pass; returns the mean error of the learning layers. */
  async #pass({ ids }: TokenWindow, learn: boolean, visit: (layer: number, tensors: Tensors) => void): Promise<number> {
    const { architecture, weights } = this.#plan;
    const length = this.#plan.length;
    const batch = ids.length / length;
    const embed = await this.#engine.cached(`embed ${batch} ${length}`, () =>
      embedProgram(architecture, batch, length),
    );
    let x = (await embed.run({ embedding: weights.embedding, ids: indices([batch, length], ids) })).x as FloatTensor;
    const layers = this.layers();
    const last = this.#learning.at(-1) ?? -1;
    let total = 0;
    for (let layer = 0; layer <= last; layer++) {
      const results = await this.#block(layer, x, layers, batch, learn);
      x = results.y as FloatTensor;
      if (results.error === undefined) continue;
      total += floatsOf(results.error as Tensor)[0] ?? Number.NaN;
      visit(layer, results);
    }
    return total / this.#learning.length;
  }

  async #block(
    layer: number,
    x: FloatTensor,
    layers: readonly StudentLayer[],
    batch: number,
    learn: boolean,
  ): Promise<Tensors> {
    const { architecture, weights, length, weight, trains } = this.#plan;
    const student = layers[layer];
    if (student === undefined) throw new RangeError(`there is no layer ${layer}`);
    const { spec, parameters } = student;
    const converted = this.#learning.includes(layer);
    const key = `transfer ${batch} ${length} ${learn && converted} ${JSON.stringify(spec)}`;
    const program = await this.#engine.cached(key, () =>
      converted
        ? transferBlockProgram(
            architecture,
            {
              mixer: spec,
              scale: weight / this.#learning.length,
              trained: learn ? Object.keys(parameters).filter(trains) : [],
            },
            batch,
            length,
          )
        : mixerBlockProgram(architecture, spec, batch, length),
    );
    const feeds: Record<string, Tensor> = { x, ...this.#angles, ...weights.layers[layer] };
    for (const [name, tensor] of Object.entries(parameters)) feeds[`mixer.${name}`] = tensor;
    return await program.run(feeds);
  }
}

const gradientPrefix = "gradient.";

function groupName(layer: number): string {
  return `layer ${layer}`;
}
