/** Pretraining: every weight of a softmax transformer learns the next token. */
import { type Architecture, type LayerRole, layerShapes, type ModelRole, modelShapes } from "../families/index.ts";
import type { MixerSpec } from "../mixers/index.ts";
import { type ModelWeights, wholeEnds } from "../model/weights.ts";
import { type Engine, type FloatTensor, floats } from "../runtime/index.ts";
import type { AdamWSettings } from "./adamw.ts";
import { layOutCopying } from "./copying-init.ts";
import { type TokenWindow, uniform } from "./data-order.ts";
import type { Trainee } from "./loop.ts";
import { type Gradients, layerGroup, Optimizer, type ParameterGroup } from "./optimizer.ts";
import { Stack, type StackWeights } from "./stack.ts";

/** What pretraining needs to know. */
export interface PretrainPlan {
  readonly architecture: Architecture;
  readonly mixer: MixerSpec;
  readonly batch: number;
  readonly length: number;
  readonly optimizer: AdamWSettings;
  readonly seed: number;
  /** Standard deviation of the first weights. */
  readonly deviation: number;
  /** `copying` lays an induction circuit out in the first weights. */
  readonly start: "random" | "copying";
  /** Micro-batches of held-out text. */
  readonly heldOut: readonly TokenWindow[];
}

/** A model's first weights: normal numbers of deviation `deviation`, smaller into the residual stream (as GPT-2), norms of one. */
export function initialWeights(
  architecture: Architecture,
  seed: number,
  deviation: number,
): Map<string, Record<string, FloatTensor>> {
  const next = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const residual = deviation / Math.sqrt(2 * architecture.blocks.length);
  const make = (role: string, shape: readonly number[]): FloatTensor => {
    const tensor = floats(shape);
    if (role.endsWith("Norm")) tensor.data.fill(1);
    else if (!role.endsWith("Bias")) {
      const size = role === "output" || role === "down" ? residual : deviation;
      for (let index = 0; index < tensor.data.length; index++) tensor.data[index] = size * normal();
    }
    return tensor;
  };
  const group = (shapes: ReadonlyMap<string, readonly number[]>) =>
    Object.fromEntries([...shapes].map(([role, shape]) => [role, make(role, shape)]));
  const groups = new Map([["ends", group(modelShapes(architecture))]]);
  for (const [layer, block] of architecture.blocks.entries()) groups.set(layerGroup(layer), group(layerShapes(block)));
  return groups;
}

function initialGroups({ architecture, seed, deviation, start }: PretrainPlan): Map<string, ParameterGroup> {
  const groups = new Map<string, ParameterGroup>();
  const weights = initialWeights(architecture, seed, deviation);
  if (start === "copying") layOutCopying(weights, architecture, deviation, uniform(seed + 1));
  for (const [name, parameters] of weights) groups.set(name, { parameters });
  return groups;
}

/** A model learning from nothing. */
export class PretrainTrainee implements Trainee {
  readonly optimizer: Optimizer;
  readonly #plan: PretrainPlan;
  readonly #stack: Stack;

  /** Goes on with the weights and optimizer of an earlier stage where one is given. */
  constructor(engine: Engine, plan: PretrainPlan, earlier?: PretrainTrainee) {
    this.#plan = plan;
    const { architecture, mixer, batch, length } = plan;
    this.optimizer = earlier?.optimizer ?? new Optimizer(engine, initialGroups(plan), plan.optimizer);
    const blocks = architecture.blocks.map((block) => ({
      mixer,
      trained: [...layerShapes(block).keys()],
      activations: "saved" as const,
    }));
    this.#stack = new Stack(engine, { architecture, batch, length, blocks, trainEnds: true });
  }

  async gradients(window: TokenWindow): Promise<{ loss: number; gradients: Gradients }> {
    const { loss, layers, ends } = await this.#stack.gradients(window, this.#weights());
    const gradients: Gradients = new Map([["ends", ends]]);
    layers.forEach((tensors, layer) => {
      gradients.set(layerGroup(layer), tensors);
    });
    return { loss, gradients };
  }

  async heldOut(): Promise<number> {
    return await this.#stack.meanLoss(this.#plan.heldOut, this.#weights());
  }

  /** The weights as they stand. */
  weights(): ModelWeights {
    const { layers, ...ends } = this.#weights();
    return { ...wholeEnds(ends), layers: layers as ModelWeights["layers"] };
  }

  #weights(): StackWeights {
    const parameters = (name: string) => this.optimizer.groups.get(name)?.parameters ?? {};
    const ends = wholeEnds(parameters("ends") as Partial<Record<ModelRole, FloatTensor>>);
    const layers = this.#plan.architecture.blocks.map((_block, layer) => parameters(layerGroup(layer)));
    return { ...ends, layers: layers as Record<LayerRole, FloatTensor>[] };
  }
}
