/** A student that learns: which of its tensors do, their optimizer, and the student as it stands. */
import {
  type Architecture,
  type Block,
  blockOf,
  type LayerRole,
  layerShapes,
  type ModelRole,
} from "../families/index.ts";
import { input, type Program, program, type Shape } from "../graph/index.ts";
import type { MixerSpec } from "../mixers/index.ts";
import { type FrozenProducts, foldedWeight } from "../model/projection.ts";
import { type AdapterPlan, adapterShapes } from "../model/student-block.ts";
import { type LayerWeights, type ModelWeights, type Weight, wholeEnds } from "../model/weights.ts";
import { type Engine, type FloatTensor, floats, type Tensor } from "../runtime/index.ts";
import type { AdamWSettings } from "./adamw.ts";
import { uniform } from "./data-order.ts";
import { layerGroup, Optimizer, type ParameterGroup, type Parameters } from "./optimizer.ts";
import { quantizeLayer, quantizeMatrix } from "./quantize.ts";

/** What a layer of the student is. */
export interface StudentLayer {
  readonly spec: MixerSpec;
  /** The mixer's parameters by name; empty for a layer that stays softmax attention. */
  readonly parameters: Parameters;
}

/** A student and what learns of it. */
export interface LearnerPlan {
  readonly architecture: Architecture;
  readonly weights: ModelWeights;
  readonly layers: readonly StudentLayer[];
  /** Whether a layer's mixer parameter learns. */
  readonly trains: (parameter: string, layer: number) => boolean;
  /** Adapters of every layer's projections; absent where there are none. */
  readonly adapters?: AdapterPlan;
  /** Whether anything of a layer learns (default: all do). */
  readonly learns?: (layer: number) => boolean;
  /** Weights of the blocks that learn themselves. */
  readonly roles?: readonly LayerRole[];
  /** Weights at the model's ends that learn. */
  readonly ends?: readonly ModelRole[];
  readonly optimizer: AdamWSettings;
  /** Seed of the adapters' first values. */
  readonly seed: number;
  /** Products with frozen weights while learning. */
  readonly products: FrozenProducts;
  /** Whether gradients pass through the frozen products. */
  readonly backward: boolean;
}

/** The optimizer's group of the weights at a model's ends. */
export const endsGroup = "ends";

/** A student's tensors, learning. */
export class Learner {
  readonly optimizer: Optimizer;
  readonly plan: LearnerPlan;
  readonly #engine: Engine;
  /** Each layer's frozen weights in 8 bits, where they are used. */
  readonly #quantized: readonly Record<string, Tensor>[];

  constructor(engine: Engine, plan: LearnerPlan) {
    this.#engine = engine;
    this.plan = plan;
    const groups = new Map<string, ParameterGroup>();
    const random = uniform(plan.seed);
    plan.layers.forEach((_layer, layer) => {
      const parameters = firstParameters(plan, layer, random);
      if (Object.keys(parameters).length > 0) groups.set(layerGroup(layer), { parameters });
    });
    const ends = Object.fromEntries((plan.ends ?? []).map((role) => [role, plan.weights[role] as FloatTensor]));
    if (Object.keys(ends).length > 0) groups.set(endsGroup, { parameters: ends });
    this.optimizer = new Optimizer(engine, groups, plan.optimizer);
    const quantize = plan.products === "int8" ? plan.weights.layers : [];
    this.#quantized = quantize.map((layer) => quantizeLayer(frozen(layer, plan), { transposed: plan.backward }));
  }

  /** What a layer has learned, by input name: roles, `mixer.NAME`, `adapter.ROLE.a` and `.b`. */
  learned(layer: number): Parameters {
    return this.optimizer.groups.get(layerGroup(layer))?.parameters ?? {};
  }

  /** Names of a layer's inputs that learn. */
  trained(layer: number): string[] {
    return Object.keys(this.learned(layer));
  }

  /** Every input of a layer's block but its stream: weights, adapters, mixer parameters, as they stand. */
  feeds(layer: number): Record<string, Tensor> {
    const { weights, layers } = this.plan;
    const all: Record<string, Tensor> = { ...weights.layers[layer], ...this.#quantized[layer] };
    for (const [name, tensor] of Object.entries(layers[layer]?.parameters ?? {})) all[`mixer.${name}`] = tensor;
    return { ...all, ...this.learned(layer) };
  }

  /** The model's ends as they stand; a tied head is the embedding. */
  ends(): ReturnType<typeof wholeEnds<FloatTensor>> {
    const { weights, architecture } = this.plan;
    const { layers: _layers, ...own } = weights;
    const { head, ...ends } = { ...own, ...this.optimizer.groups.get(endsGroup)?.parameters };
    return wholeEnds<FloatTensor>(architecture.tiedHead ? ends : { ...ends, head });
  }

  /** The head in 8 bits, where products with it are. */
  quantizedHead(): Record<string, Tensor> {
    const { products, weights } = this.plan;
    return products === "int8" ? quantizeMatrix("head", weights.head) : {};
  }

  /** The mixers as they stand. */
  layers(): StudentLayer[] {
    return this.plan.layers.map((_layer, layer) => this.layer(layer));
  }

  /** One layer's mixer as it stands. */
  layer(layer: number): StudentLayer {
    const first = this.plan.layers[layer];
    if (first === undefined) throw new RangeError(`the student has no layer ${layer}`);
    const own = this.learned(layer);
    const current = Object.entries(first.parameters).map(([name, tensor]) => [name, own[`mixer.${name}`] ?? tensor]);
    return { spec: first.spec, parameters: Object.fromEntries(current) };
  }

  /** The weights as they stand, with the adapters folded in: W + scale · B A. */
  async weights(): Promise<ModelWeights> {
    const layers: LayerWeights[] = [];
    for (const [layer, weights] of this.plan.weights.layers.entries()) {
      const learned = this.learned(layer);
      const merged: Record<string, Weight> = { ...(weights as Record<string, Weight>) };
      for (const [name, tensor] of Object.entries(learned)) if (name in merged) merged[name] = tensor;
      for (const role of this.plan.adapters?.targets ?? [])
        if (role in merged) merged[role] = await this.#merged(layer, role);
      layers.push(merged);
    }
    return { ...this.ends(), layers };
  }

  async #merged(layer: number, role: LayerRole): Promise<FloatTensor> {
    const { architecture, weights, adapters } = this.plan;
    const learned = this.learned(layer);
    const [a, b] = [learned[`adapter.${role}.a`], learned[`adapter.${role}.b`]];
    const weight = (learned[role] ?? weights.layers[layer]?.[role]) as FloatTensor | undefined;
    if (adapters === undefined || a === undefined || b === undefined || weight === undefined)
      throw new RangeError(`layer ${layer} has no adapter of ${role}`);
    const shape = layerShapes(blockOf(architecture, layer)).get(role) ?? [];
    const key = `merge ${shape.join()} ${adapters.rank} ${adapters.scale}`;
    const program = await this.#engine.cached(key, () => mergeProgram(shape, adapters));
    return (await program.run({ weight, a, b })).merged as FloatTensor;
  }
}

function firstParameters(plan: LearnerPlan, layer: number, random: () => number): Parameters {
  const { architecture, adapters, roles = [], weights, layers, trains, learns } = plan;
  if (learns?.(layer) === false) return {};
  const own: Parameters = adapters === undefined ? {} : initialAdapters(blockOf(architecture, layer), adapters, random);
  for (const role of roles) {
    const weight = weights.layers[layer]?.[role];
    if (weight !== undefined) own[role] = weight as FloatTensor;
  }
  for (const [name, tensor] of Object.entries(layers[layer]?.parameters ?? {}))
    if (trains(name, layer)) own[`mixer.${name}`] = tensor;
  return own;
}

/** A layer's weights without those that learn: these are never in 8 bits. */
function frozen(layer: LayerWeights, { roles = [] }: LearnerPlan): LayerWeights {
  return Object.fromEntries(Object.entries(layer).filter(([role]) => !roles.includes(role as LayerRole)));
}

/** A begins uniform in ±1/√in (Kaiming's bound as PEFT sets it), B at zero: the adapters begin as nothing. */
function initialAdapters(block: Block, plan: AdapterPlan, random: () => number): Parameters {
  const parameters: Parameters = {};
  for (const [name, shape] of adapterShapes(block, plan)) {
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
