/** A recipe's stages: each kind builds its trainee from the student, and folds what was learned back into it. */
import { totalmem } from "node:os";
import { SubquadError } from "../errors.ts";
import { blockOf, isEncoder } from "../families/index.ts";
import type { Model, Shaped } from "../inference/model.ts";
import { adapterShapes } from "../model/student-block.ts";
import type { ModelWeights } from "../model/weights.ts";
import type { EndToEndStage, LayerwiseStage, Stage } from "../recipes/index.ts";
import type { Engine } from "../runtime/index.ts";
import { activationBytes, layersToRecompute } from "../training/activations.ts";
import type { AdamWSettings } from "../training/adamw.ts";
import type { TokenWindow } from "../training/data-order.ts";
import { EndToEndTrainee } from "../training/end-to-end.ts";
import { LayerwiseTrainee } from "../training/layerwise.ts";
import type { Learner, StudentLayer } from "../training/learner.ts";
import { courseOf, type LoopSettings, type Trainee } from "../training/loop.ts";
import { stageMixer } from "./recipes.ts";
import { shared, withMixers } from "./student.ts";
import { adapterPlan, endsOf, learningParameters, rolesOf } from "./trained.ts";

/** A stage, or its turn of a group of layers. */
export interface PlannedStage {
  readonly stage: Stage;
  /** The layers that learn in it, from the first to before the second; absent where all do. */
  readonly layers?: readonly [from: number, to: number];
}

/** The stages of a recipe for a model of so many layers: one that trains few layers at once has a turn for each group of them. */
export function plannedStages(stages: readonly Stage[], layers: number): PlannedStage[] {
  return stages.flatMap((stage): PlannedStage[] => {
    const size = stage.kind === "layerwise" ? stage.layers_at_once : null;
    if (size === null || size >= layers) return [{ stage }];
    return Array.from({ length: Math.ceil(layers / size) }, (_unused, group) => {
      const [from, to] = [group * size, Math.min(layers, (group + 1) * size)];
      return { stage: { ...stage, name: `${stage.name}-${from}-${to - 1}` }, layers: [from, to] };
    });
  });
}

/** A stage about to be trained. */
export interface RunningStage {
  readonly trainee: Trainee;
  /** The student with what the stage has learned. */
  finish(): Promise<Model>;
}

/** What a stage is built from. */
export interface StageContext {
  readonly engine: Engine;
  readonly student: Model;
  /** The teacher's own weights. */
  readonly teacher: ModelWeights;
  readonly heldOut: readonly TokenWindow[];
  readonly seed: number;
  /** The layers that learn; absent where all do. */
  readonly layers?: PlannedStage["layers"];
}

/** Share of the machine's memory that saved activations may take before layers are recomputed. */
const activationShare = 0.4;

/** Settings of the loop as a stage of any kind has them. */
export function loopSettings(
  stage: Pick<
    Stage,
    "name" | "tokens" | "length" | "batch" | "accumulate" | "learning_rate" | "schedule" | "clip" | "evaluate_every"
  > & { readonly updates_per_pass?: number },
): LoopSettings {
  return {
    name: stage.name,
    tokens: stage.tokens,
    length: stage.length,
    batch: stage.batch,
    accumulate: stage.accumulate,
    repeats: stage.updates_per_pass ?? 1,
    learningRate: stage.learning_rate,
    schedule: stage.schedule,
    clip: stage.clip ?? 0,
    evaluateEvery: stage.evaluate_every,
    keepBest: false,
  };
}

/** The optimizer's constants as a stage has them; a factor of the mixer's rate where it trains one. */
export function optimizerSettings({
  optimizer,
  learning_rate,
  train,
}: Pick<Stage, "optimizer" | "learning_rate"> & {
  readonly train?: Pick<Stage["train"], "mixer_rate">;
}): AdamWSettings {
  const [beta1, beta2] = optimizer.betas;
  const rate = train?.mixer_rate ?? 1;
  return {
    learningRate: learning_rate,
    beta1,
    beta2,
    epsilon: optimizer.epsilon,
    weightDecay: optimizer.weight_decay,
    ...(rate !== 1 && { rates: { "mixer.": rate } }),
  };
}

function common(stage: Stage, { student, heldOut, seed, layers: range }: StageContext) {
  const { architecture, weights, mixers } = student;
  const adapters = adapterPlan(stage);
  const learning = learningParameters(stage, student);
  const roles = [...new Set(architecture.blocks.flatMap((block) => rolesOf(stage, block)))];
  const others = adapters !== null || roles.length > 0 || endsOf(stage, architecture).length > 0;
  if (!others && learning.every(({ size }) => size === 0))
    throw new SubquadError(
      `stages.${stage.name}.train: nothing learns, for this mixer has no parameters of its own; train lora or weights`,
    );
  return {
    architecture,
    weights,
    layers: mixers as readonly StudentLayer[],
    batch: stage.batch,
    length: stage.length,
    optimizer: optimizerSettings(stage),
    trains: (parameter: string, layer: number) => learning[layer]?.has(parameter) ?? false,
    ...(range && { learns: (layer: number) => layer >= range[0] && layer < range[1] }),
    ...(adapters && { adapters }),
    roles,
    seed,
    heldOut,
    products: stage.frozen_products,
  };
}

/** Micro-batches whose teacher pass a layerwise stage keeps. */
export function rememberedPasses({
  updates_per_pass,
  accumulate,
}: Pick<LayerwiseStage, "updates_per_pass" | "accumulate">): number {
  return updates_per_pass > 1 ? accumulate : 0;
}

function layerwise(stage: LayerwiseStage, context: StageContext) {
  const { attention_outputs, attention_weights, mixer_outputs, hidden_states, salience } = stage.loss;
  return new LayerwiseTrainee(context.engine, {
    ...common(stage, context),
    teacher: context.teacher,
    loss: {
      outputs: attention_outputs,
      weights: attention_weights,
      mixed: mixer_outputs,
      stream: hidden_states,
      salience,
    },
    inputs: stage.inputs,
    remembered: rememberedPasses(stage),
  });
}

function endToEnd(stage: EndToEndStage, context: StageContext) {
  const { student, teacher } = context;
  const { next_token: nextToken, logits, temperature } = stage.loss;
  if (nextToken > 0 && isEncoder(student.architecture))
    throw new SubquadError(
      `stages.${stage.name}.loss: an encoder foretells no token; set stages.${stage.name}.loss.next_token=0 and stages.${stage.name}.loss.logits=1 to learn the teacher's chances`,
    );
  return new EndToEndTrainee(context.engine, {
    ...common(stage, context),
    ends: endsOf(stage, student.architecture),
    terms: { nextToken, logits, temperature },
    teacher,
    windowDropout: dropoutOf(stage),
    recomputed: recomputedLayers(stage, student),
  });
}

/** The chance that a micro-batch has no window, by its number. */
function dropoutOf(stage: EndToEndStage): (microBatch: number) => number {
  const { steps } = courseOf(loopSettings(stage));
  const parts = stage.window_dropout;
  return (microBatch) => parts[Math.floor((microBatch * parts.length) / (steps * stage.accumulate))] ?? 0;
}

/** Layers whose activations a stage with a backward pass through all blocks recomputes. */
export function recomputedLayers(stage: EndToEndStage, { architecture, mixers }: Shaped): number {
  if (stage.memory === "saved") return 0;
  if (stage.memory === "recomputed") return mixers.length;
  return layersToRecompute(activationsOf(stage, { architecture, mixers }), mixers.length, activationShare * totalmem());
}

/** Activations of the layer that has most of them, in a stage with a backward pass through all blocks. */
export function activationsOf(stage: EndToEndStage, student: Shaped) {
  const { architecture, mixers } = student;
  const adapters = adapterPlan(stage);
  const learning = learningParameters(stage, student);
  const all = mixers.map(({ spec }, layer) => ({ spec, layer, block: blockOf(architecture, layer) }));
  const kinds = new Map(all.map((each) => [JSON.stringify([each.spec, each.block]), each]));
  const each = [...kinds.values()].map(({ spec, layer, block }) => {
    const factors = adapters === null ? [] : [...adapterShapes(block, adapters).keys()];
    const own = [...(learning[layer] ?? [])].map((name) => `mixer.${name}`);
    const plan = {
      mixer: spec,
      ...(adapters && { adapters }),
      trained: [...factors, ...rolesOf(stage, block), ...own],
      products: stage.frozen_products,
    };
    return activationBytes(block, plan, stage.batch, stage.length);
  });
  return each.reduce((most, one) => (one.saved > most.saved ? one : most));
}

/** Builds a stage of any kind. */
export function startStage(stage: Stage, given: StageContext): RunningStage {
  const { student, seed } = given;
  const own = stage.mixer === null ? student : withMixers(student, (spec) => stageMixer(stage, spec), seed);
  const context = { ...given, student: own };
  const trainee: Trainee & { readonly learner: Learner } =
    stage.kind === "layerwise" ? layerwise(stage, context) : endToEnd(stage, context);
  return {
    trainee,
    finish: async () => {
      const learned = trainee.learner.layers();
      const mixers = student.mixers.map(({ spec, parameters }, layer) => ({
        spec,
        parameters: { ...parameters, ...shared(learned[layer]?.parameters ?? {}, parameters) },
      }));
      return { ...student, mixers, weights: await trainee.learner.weights() };
    },
  };
}
