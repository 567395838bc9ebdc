/** Attention transfer: every layer's mixer learns the teacher's attention from the teacher's own hidden states, with no backward pass across blocks. */

import type { Architecture } from "../families/index.ts";
import type { MixerSpec } from "../mixers/index.ts";
import { type AngleTables, angleTables } from "../model/angles.ts";
import { embedProgram } from "../model/head.ts";
import type { FrozenProducts } from "../model/projection.ts";
import { teacherBlockProgram } from "../model/transfer-block.ts";
import type { ModelWeights } from "../model/weights.ts";
import { Buffers, type Engine, type FloatTensor, indices, type Tensor, type Tensors } from "../runtime/index.ts";
import type { AdamWSettings } from "./adamw.ts";
import type { TokenWindow } from "./data-order.ts";
import type { Trainee } from "./loop.ts";
import { type Gradients, Optimizer, type ParameterGroup, type Parameters } from "./optimizer.ts";
import { quantizeLayer } from "./quantize.ts";
import { type TeacherAttention, transferLayer } from "./transfer-groups.ts";

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
}

/** The mixers of a student, learning. */
export class TransferTrainee implements Trainee {
  readonly optimizer: Optimizer;
  readonly #engine: Engine;
  readonly #plan: TransferPlan;
  readonly #angles: AngleTables;
  readonly #learning: readonly number[];
  /** Each layer's weights in 8 bits, where they are used. */
  readonly #quantized: readonly Record<string, Tensor>[];
  readonly #activations: Buffers;

  constructor(engine: Engine, plan: TransferPlan) {
    this.#engine = engine;
    this.#activations = new Buffers(engine, "activations");
    this.#plan = plan;
    this.#angles = angleTables(plan.architecture, 0, plan.length);
    const groups = new Map<string, ParameterGroup>();
    plan.layers.forEach(({ parameters }, layer) => {
      const trained = Object.entries(parameters).filter(([name]) => plan.trains(name));
      if (trained.length > 0) groups.set(groupName(layer), { parameters: Object.fromEntries(trained) });
    });
    this.#learning = plan.layers.flatMap((_unused, layer) => (groups.has(groupName(layer)) ? [layer] : []));
    this.#quantized =
      plan.products === "int8" ? plan.weights.layers.map((layer) => quantizeLayer(layer, { transposed: false })) : [];
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
    const error = await this.#pass(window, true, gradients);
    return { loss: this.#plan.weight * error, gradients };
  }

  /** Mean over layers of the unscaled error on held-out text. */
  async heldOut(): Promise<number> {
    let total = 0;
    for (const window of this.#plan.heldOut) total += await this.#pass(window, false, new Map());
    return total / this.#plan.heldOut.length;
  }

  /** One teacher pass; returns the mean error of the learning layers, and sets their gradients. */
  async #pass({ ids }: TokenWindow, learn: boolean, gradients: Gradients): Promise<number> {
    const { architecture, weights, length, weight, trains } = this.#plan;
    const { heads, groups, headDim } = architecture;
    const batch = ids.length / length;
    const sizes = { batch, heads, groups, length, dim: headDim };
    const embed = await this.#engine.cached(`embed ${batch} ${length}`, () =>
      embedProgram(architecture, batch, length),
    );
    const products = learn ? this.#plan.products : "float32";
    const teacher = (part: "block" | "attention") =>
      this.#engine.cached(`teacher ${part} ${batch} ${length} ${products}`, () =>
        teacherBlockProgram(architecture, batch, length, { products, part }),
      );
    let x = (await embed.run({ embedding: weights.embedding, ids: indices([batch, length], ids) })).x as Tensor;
    let total = 0;
    const last = this.#learning.at(-1) ?? -1;
    for (const [layer, { spec, parameters }] of this.layers()
      .slice(0, last + 1)
      .entries()) {
      // Nothing reads the stream after the last learner.
      const block = await teacher(layer === last ? "attention" : "block");
      const into = {
        ...this.#activations.of(`stream ${layer % 2}`, block, ["y"]),
        ...this.#activations.of("attention", block, attentionNames),
      };
      const feeds = { x, ...this.#angles, ...weights.layers[layer], ...this.#quantized[layer] };
      const results = await block.run(feeds, into);
      x = results.y ?? x;
      if (!this.#learning.includes(layer)) continue;
      const { error, gradients: own } = await transferLayer(this.#engine, sizes, attentionOf(results), {
        spec,
        parameters,
        scale: weight / this.#learning.length,
        weightsScale: this.#plan.attentionWeights / this.#learning.length,
        trained: learn ? Object.keys(parameters).filter(trains) : [],
      });
      total += error;
      gradients.set(groupName(layer), own);
    }
    return total / this.#learning.length;
  }
}

const attentionNames = ["read.queries", "read.keys", "read.values", "attended"];

function attentionOf(results: Tensors): TeacherAttention {
  return {
    queries: results["read.queries"] as FloatTensor,
    keys: results["read.keys"] as FloatTensor,
    values: results["read.values"] as FloatTensor,
    attended: results.attended as FloatTensor,
  };
}

function groupName(layer: number): string {
  return `layer ${layer}`;
}
