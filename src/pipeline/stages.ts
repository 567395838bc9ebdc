/** A recipe's stages: each kind builds its trainee from the student, and folds what was learned back into it. */
import { totalmem } from "node:os";
import type { Model } from "../inference/model.ts";
import type { ProjectionRole } from "../model/projection.ts";
import { type AdapterPlan, adapterShapes } from "../model/training-block.ts";
import type { AttentionOutputsStage, NextTokenStage, Stage } from "../recipes/index.ts";
import type { Engine } from "../runtime/index.ts";
import { activationBytes, layersToRecompute } from "../training/activations.ts";
import type { AdamWSettings } from "../training/adamw.ts";
import type { TokenWindow } from "../training/data-order.ts";
import { FinetuneTrainee } from "../training/finetune.ts";
import type { LoopSettings, Trainee } from "../training/loop.ts";
import { type StudentLayer, TransferTrainee } from "../training/transfer.ts";

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
  readonly heldOut: readonly TokenWindow[];
  readonly seed: number;
}

/** The roles that a recipe's short names stand for. */
const targets: Readonly<Record<"q" | "k" | "v" | "o", ProjectionRole>> = {
  q: "queries",
  k: "keys",
  v: "values",
  o: "output",
};

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

/** The optimizer's constants as a stage has them. */
export function optimizerSettings({
  optimizer,
  learning_rate,
}: Pick<Stage, "optimizer" | "learning_rate">): AdamWSettings {
  const [beta1, beta2] = optimizer.betas;
  return { learningRate: learning_rate, beta1, beta2, epsilon: optimizer.epsilon, weightDecay: optimizer.weight_decay };
}

function trainsOf({ train }: Stage): (parameter: string) => boolean {
  return (name) => (name === "windowFactor" ? train.window_factors : train.feature_maps);
}

function common(stage: Stage, { student, heldOut }: StageContext) {
  const { architecture, weights, mixers } = student;
  return {
    architecture,
    weights,
    layers: mixers as readonly StudentLayer[],
    batch: stage.batch,
    length: stage.length,
    optimizer: optimizerSettings(stage),
    trains: trainsOf(stage),
    heldOut,
    products: stage.frozen_products,
  };
}

/** Micro-batches whose teacher pass a stage of attention transfer keeps. */
export function rememberedPasses({
  updates_per_pass,
  accumulate,
}: Pick<AttentionOutputsStage, "updates_per_pass" | "accumulate">): number {
  return updates_per_pass > 1 ? accumulate : 0;
}

function transfer(stage: AttentionOutputsStage, context: StageContext): RunningStage {
  const trainee = new TransferTrainee(context.engine, {
    ...common(stage, context),
    weight: stage.weight,
    attentionWeights: stage.attention_weights,
    remembered: rememberedPasses(stage),
  });
  return { trainee, finish: async () => ({ ...context.student, mixers: trainee.layers() }) };
}

/** The adapters a stage trains, if any. */
function adapterPlan({ train: { lora } }: NextTokenStage): AdapterPlan | null {
  return lora && { rank: lora.rank, scale: lora.alpha / lora.rank, targets: lora.targets.map((name) => targets[name]) };
}

function finetune(stage: NextTokenStage, context: StageContext): RunningStage {
  const { engine, student, seed } = context;
  const adapters = adapterPlan(stage);
  const trainee = new FinetuneTrainee(engine, {
    ...common(stage, context),
    ...(adapters && { adapters }),
    seed,
    recomputed: recomputedLayers(stage, student),
  });
  return {
    trainee,
    finish: async () => ({ ...student, mixers: trainee.layers(), weights: await trainee.merged() }),
  };
}

/** Layers whose activations a finetuning stage recomputes. */
export function recomputedLayers(stage: NextTokenStage, { architecture, mixers }: Model): number {
  if (stage.memory === "saved") return 0;
  if (stage.memory === "recomputed") return architecture.layers;
  return layersToRecompute(
    finetuneActivations(stage, { architecture, mixers }),
    architecture.layers,
    activationShare * totalmem(),
  );
}

/** Activations of one layer of a finetuning stage. */
export function finetuneActivations(
  stage: NextTokenStage,
  { architecture, mixers }: Pick<Model, "architecture" | "mixers">,
) {
  const adapters = adapterPlan(stage);
  const factors = adapters === null ? [] : [...adapterShapes(architecture, adapters).keys()];
  const last = mixers.at(-1);
  if (last === undefined) throw new RangeError("a model needs a layer");
  const learning = Object.keys(last.parameters).filter(trainsOf(stage));
  const plan = {
    mixer: last.spec,
    ...(adapters && { adapters }),
    trained: [...factors, ...learning.map((name) => `mixer.${name}`)],
    products: stage.frozen_products,
  };
  return activationBytes(architecture, plan, stage.batch, stage.length);
}

/** Builds a stage of any kind. */
export function startStage(stage: Stage, context: StageContext): RunningStage {
  return stage.kind === "attention_outputs" ? transfer(stage, context) : finetune(stage, context);
}
