/** Low-rank finetuning: adapters on a student's projections learn the next token through all blocks (LoRA, arXiv 2106.09685). */
import { type Architecture, layerShapes } from "../families/index.ts";
import { input, type Program, program, type Shape } from "../graph/index.ts";
import { type FrozenProducts, foldedWeight } from "../model/projection.ts";
import { type AdapterPlan, adapterShapes } from "../model/training-block.ts";
import type { LayerWeights, ModelWeights } from "../model/weights.ts";
import { type Engine, type FloatTensor, floats, type Tensor } from "../runtime/index.ts";
import type { AdamWSettings } from "./adamw.ts";
import { type TokenWindow, uniform } from "./data-order.ts";
import type { Trainee } from "./loop.ts";
import { type Gradients, layerGroup, Optimizer, type ParameterGroup, type Parameters } from "./optimizer.ts";
import { quantizeLayer, quantizeMatrix } from "./quantize.ts";
import { Stack, type StackWeights } from "./stack.ts";
import type { StudentLayer } from "./transfer.ts";

/** What finetuning needs to know. */
export interface FinetunePlan {
  readonly architecture: Architecture;
  readonly weights: ModelWeights;
  readonly layers: readonly StudentLayer[];
  /** Adapters of every layer; absent where only mixers learn. */
  readonly adapters?: AdapterPlan;
  /** Mixer parameters that learn too. */
  readonly trains: (parameter: string) => boolean;
  readonly batch: number;
  readonly length: number;
  readonly optimizer: AdamWSettings;
  readonly seed: number;
  /** Layers, from the first, whose activations are recomputed instead of saved. */
  readonly recomputed: number;
  readonly heldOut: readonly TokenWindow[];
  /** Products with frozen weights. */
  readonly products: FrozenProducts;
}

/** A student's adapters, learning. */
export class FinetuneTrainee implements Trainee {
  readonly optimizer: Optimizer;
  readonly #engine: Engine;
  readonly #plan: FinetunePlan;
  readonly #stack: Stack;
  /** Each layer's weights in 8 bits, where they are used. */
  readonly #quantized: readonly Record<string, Tensor>[];
  readonly #head: Readonly<Record<string, Tensor>>;

  constructor(engine: Engine, plan: FinetunePlan) {
    this.#engine = engine;
    this.#plan = plan;
    const { architecture, layers, adapters, batch, length } = plan;
    const groups = new Map<string, ParameterGroup>();
    const random = uniform(plan.seed);
    layers.forEach(({ parameters }, layer) => {
      const own: Parameters = adapters === undefined ? {} : initialAdapters(architecture, adapters, random);
      for (const [name, tensor] of Object.entries(parameters)) if (plan.trains(name)) own[`mixer.${name}`] = tensor;
      groups.set(layerGroup(layer), { parameters: own });
    });
    this.#quantized =
      plan.products === "int8" ? plan.weights.layers.map((layer) => quantizeLayer(layer, { transposed: true })) : [];
    this.#head = plan.products === "int8" ? quantizeMatrix("head", plan.weights.head) : {};
    this.optimizer = new Optimizer(engine, groups, plan.optimizer);
    const blocks = layers.map(({ spec }, layer) => ({
      mixer: spec,
      ...(adapters && { adapters }),
      trained: Object.keys(groups.get(layerGroup(layer))?.parameters ?? {}),
      products: plan.products,
      activations: layer < plan.recomputed ? ("recomputed" as const) : ("saved" as const),
    }));
    const { products } = plan;
    this.#stack = new Stack(engine, { architecture, batch, length, blocks, trainEnds: false, headProducts: products });
  }

  async gradients(window: TokenWindow): Promise<{ loss: number; gradients: Gradients }> {
    const { loss, layers } = await this.#stack.gradients(window, this.#weights());
    return { loss, gradients: new Map(layers.map((tensors, layer) => [layerGroup(layer), tensors])) };
  }

  /** Mean loss per held-out token, nats. */
  async heldOut(): Promise<number> {
    return await this.#stack.meanLoss(this.#plan.heldOut, this.#weights());
  }

  /** The mixers as they stand. */
  layers(): StudentLayer[] {
    return this.#plan.layers.map(({ spec, parameters }, layer) => {
      const own = this.#learned(layer);
      const names = Object.keys(parameters);
      return {
        spec,
        parameters: Object.fromEntries(names.flatMap((name) => entry(name, own[`mixer.${name}`] ?? parameters[name]))),
      };
    });
  }

  /** The weights with the adapters folded in: W + scale · B A. */
  async merged(): Promise<ModelWeights> {
    const { architecture, weights, adapters } = this.#plan;
    if (adapters === undefined) return weights;
    const layers: LayerWeights[] = [];
    for (const [layer, own] of weights.layers.entries()) {
      const merged: Record<string, FloatTensor> = { ...(own as Record<string, FloatTensor>) };
      for (const role of adapters.targets) {
        const shape = layerShapes(architecture).get(role) ?? [];
        const key = `merge ${shape.join()} ${adapters.rank} ${adapters.scale}`;
        const program = await this.#engine.cached(key, () => mergeProgram(shape, adapters));
        const learned = this.#learned(layer);
        const [a, b, weight] = [learned[`adapter.${role}.a`], learned[`adapter.${role}.b`], own[role]];
        if (a === undefined || b === undefined || weight === undefined)
          throw new RangeError(`layer ${layer} has no adapter of ${role}`);
        merged[role] = (await program.run({ weight, a, b })).merged as FloatTensor;
      }
      layers.push(merged);
    }
    return { ...weights, layers };
  }

  #learned(layer: number): Parameters {
    return this.optimizer.groups.get(layerGroup(layer))?.parameters ?? {};
  }

  #weights(): StackWeights {
    const { weights, layers } = this.#plan;
    const feeds = layers.map(({ parameters }, layer) => {
      const all: Record<string, Tensor> = { ...weights.layers[layer], ...this.#quantized[layer] };
      for (const [name, tensor] of Object.entries(parameters)) all[`mixer.${name}`] = tensor;
      return { ...all, ...this.#learned(layer) };
    });
    const { embedding, finalNorm, head } = weights;
    return { embedding, finalNorm, head, quantizedHead: this.#head, layers: feeds };
  }
}

/** A begins uniform in ±1/√in (Kaiming's bound as PEFT sets it), B at zero: the adapters begin as nothing. */
function initialAdapters(architecture: Architecture, plan: AdapterPlan, random: () => number): Parameters {
  const parameters: Parameters = {};
  for (const [name, shape] of adapterShapes(architecture, plan)) {
    const tensor = floats(shape);
    const bound = 1 / Math.sqrt(shape[1] ?? 1);
    if (name.endsWith(".a")) for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = bound * (2 * random() - 1);
    parameters[name] = tensor;
  }
  return parameters;
}

function mergeProgram(shape: Shape, { rank, scale }: AdapterPlan): Program<"merged"> {
  const [out = 0, width = 0] = shape;
  const adapter = { a: input("a", [rank, width]), b: input("b", [out, rank]) };
  return program({ merged: foldedWeight(input("weight", shape), adapter, scale) });
}

function entry(name: string, tensor: FloatTensor | undefined): [string, FloatTensor][] {
  return tensor === undefined ? [] : [[name, tensor]];
}
