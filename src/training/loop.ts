/** The training loop all stages share: micro-batches, clipping, schedule, evaluation, checkpoints, interruption. */

import { Best } from "./best.ts";
import { type Checkpoint, type CurvePoint, type Progress, writeCheckpoint } from "./checkpoint.ts";
import type { DataOrder, TokenWindow } from "./data-order.ts";
import type { Gradients, Optimizer } from "./optimizer.ts";
import { createSchedule, type ScheduleSettings } from "./schedule.ts";

/** What a stage teaches: a loss with gradients, and a measure on held-out text. */
export interface Trainee {
  readonly optimizer: Optimizer;
  /** Mean loss of one micro-batch, which has a number from 0, and its gradients. */
  gradients(window: TokenWindow, microBatch: number): Promise<{ loss: number; gradients: Gradients }>;
  /** The measure on held-out text, lower is better. */
  heldOut(): Promise<number>;
}

/** How long and how a stage trains. */
export interface LoopSettings {
  readonly name: string;
  readonly tokens: number;
  readonly length: number;
  readonly batch: number;
  /** Micro-batches per optimizer step. */
  readonly accumulate: number;
  /** Optimizer steps on the same micro-batches before the next ones; their tokens count once. */
  readonly repeats: number;
  readonly learningRate: number;
  readonly schedule: ScheduleSettings;
  /** Largest global norm of the gradients; 0: no clipping. */
  readonly clip: number;
  /** Optimizer steps between evaluations; 0: only at the start and the end. */
  readonly evaluateEvery: number;
  /** End with the parameters that were best on held-out text, instead of the last. */
  readonly keepBest: boolean;
}

/** What the loop tells while it runs. */
export interface LoopHooks {
  readonly signal: AbortSignal;
  progress(update: { tokens: number; loss: number; tokensPerSecond: number }): void;
}

/** Where and how often checkpoints are written, and what a resumed run must match. */
export interface CheckpointPlan {
  readonly path: string;
  readonly fingerprint: string;
  /** Seconds of work between checkpoints. */
  readonly every: number;
  /** Results of earlier stages that share the optimizer. */
  readonly finished?: readonly LoopResult[];
  /** The stage that goes on with this one's optimizer: its beginning is written as a checkpoint at the end. */
  readonly next?: string;
}

/** What a finished stage tells of itself. */
export interface LoopResult {
  readonly name: string;
  readonly tokens: number;
  readonly seconds: number;
  readonly curve: readonly CurvePoint[];
}

/** How many optimizer steps a stage has, and how many tokens each of them counts for. */
export function courseOf({
  tokens,
  length,
  batch,
  accumulate,
  repeats,
}: Pick<LoopSettings, "tokens" | "length" | "batch" | "accumulate" | "repeats">): {
  steps: number;
  tokensPerStep: number;
} {
  const perPass = length * batch * accumulate;
  return { steps: Math.max(1, Math.floor(tokens / perPass)) * repeats, tokensPerStep: perPass / repeats };
}

/** Trains to the end of its tokens, from the start or from a checkpoint. Rejects with the signal's reason when aborted. */
export async function train(
  trainee: Trainee,
  settings: LoopSettings,
  data: DataOrder,
  hooks: LoopHooks,
  checkpoints: CheckpointPlan,
  resumed?: Checkpoint,
): Promise<LoopResult> {
  const { optimizer } = trainee;
  const { steps, tokensPerStep } = courseOf(settings);
  const schedule = createSchedule(settings.schedule, settings.learningRate, steps);
  const best = new Best(trainee.optimizer, settings.keepBest);
  const curve: CurvePoint[] = [];
  let recent: number[] = [];
  let step = 0;
  let before = 0;
  if (resumed !== undefined) {
    const { progress } = resumed;
    optimizer.restore(progress.optimizerSteps, resumed.read);
    schedule.state = progress.schedule;
    curve.push(...progress.curve);
    ({ recent, step, seconds: before } = progress);
    best.restore(resumed);
  }
  const began = performance.now();
  const seconds = () => before + (performance.now() - began) / 1000;
  let saved = performance.now();
  const finished = [...(checkpoints.finished ?? [])];
  const save = async (next?: string) => {
    const { path, fingerprint } = checkpoints;
    const ended = finished.map((result) => ({ ...result, curve: [...result.curve] }));
    const shared = { fingerprint, optimizerSteps: optimizer.steps, finished: ended };
    const progress: Progress =
      next === undefined
        ? { ...shared, stage: settings.name, step, seconds: seconds(), schedule: schedule.state, recent, curve }
        : {
            ...shared,
            stage: next,
            step: 0,
            seconds: 0,
            schedule: { scale: 1, best: null, bad: 0 },
            recent: [],
            curve: [],
          };
    await writeCheckpoint(path, progress, new Map([...optimizer.tensors(), ...best.tensors()]));
    saved = performance.now();
  };
  const measure = async () => {
    const heldOut = await trainee.heldOut();
    best.observe(heldOut);
    const train = recent.length === 0 ? null : recent.reduce((sum, loss) => sum + loss, 0) / recent.length;
    curve.push({ tokens: step * tokensPerStep, seconds: seconds(), train, heldOut });
    recent = [];
    if (step > 0) schedule.observe(heldOut);
  };
  if (curve.length === 0) await measure();
  for (; step < steps; ) {
    const loss = await update(trainee, settings, data, step, schedule.rate(step));
    step++;
    recent.push(loss);
    const done = step * tokensPerStep;
    hooks.progress({ tokens: done, loss, tokensPerSecond: done / seconds() });
    const due = settings.evaluateEvery > 0 && step % settings.evaluateEvery === 0;
    if (due || step === steps) await measure();
    if (hooks.signal.aborted) {
      await save();
      hooks.signal.throwIfAborted();
    }
    if (performance.now() - saved > checkpoints.every * 1000) await save();
  }
  best.adopt();
  const result = { name: settings.name, tokens: steps * tokensPerStep, seconds: seconds(), curve };
  if (checkpoints.next !== undefined) {
    finished.push(result);
    await save(checkpoints.next);
  }
  return result;
}

async function update(
  trainee: Trainee,
  settings: LoopSettings,
  data: DataOrder,
  step: number,
  rate: number,
): Promise<number> {
  const { accumulate, batch, clip, repeats } = settings;
  const first = Math.floor(step / repeats) * accumulate;
  let total = 0;
  let sum: Gradients | undefined;
  for (let micro = 0; micro < accumulate; micro++) {
    const { loss, gradients } = await trainee.gradients(data.batch(first + micro, batch), first + micro);
    total += loss / accumulate;
    sum = sum === undefined ? gradients : await trainee.optimizer.add(sum, gradients);
  }
  if (sum === undefined) throw new RangeError("a step needs at least one micro-batch");
  const norm = clip > 0 ? (await trainee.optimizer.norm(sum)) / accumulate : 0;
  const factor = (norm > clip && clip > 0 ? clip / norm : 1) / accumulate;
  await trainee.optimizer.step(sum, rate, factor);
  return total;
}
