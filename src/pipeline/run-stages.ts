/** Trains a student through a recipe's stages, with checkpoints from which a killed run goes on to the same losses. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SubquadError } from "../errors.ts";
import type { Model } from "../inference/model.ts";
import type { Stage } from "../recipes/index.ts";
import type { Engine } from "../runtime/index.ts";
import { openCheckpoint } from "../training/checkpoint.ts";
import { DataOrder } from "../training/data-order.ts";
import { heldOutWindows } from "../training/held-out.ts";
import { type LoopResult, train } from "../training/loop.ts";
import type { Context, LinearizeDocument } from "./contract.ts";
import { loopSettings, type PlannedStage, plannedStages, startStage } from "./stages.ts";
import { readStudent, writeStudent } from "./student.ts";
import type { TrainingText } from "./training-text.ts";

type StageDocument = LinearizeDocument["stages"][number];

/** Seconds of work between checkpoints. */
const checkpointSeconds = Number(process.env.SUBQUAD_CHECKPOINT_SECONDS ?? 20);
/** Held-out tokens a stage is judged by. */
const heldOutTokens = 8192;

/** What a run of stages is given. */
export interface StageRun {
  readonly engine: Engine;
  readonly teacher: Model;
  /** The converted, untrained student. */
  readonly student: Model;
  readonly stages: readonly Stage[];
  readonly text: TrainingText;
  readonly seed: number;
  /** The folder checkpoints lie in. */
  readonly folder: string;
  readonly fingerprint: string;
  readonly resume: boolean;
  readonly context: Context;
}

/** A trained student and what each stage tells of itself. */
export interface StagesResult {
  readonly student: Model;
  readonly stages: readonly StageDocument[];
}

/** Runs all stages that have not been run. Rejects with the signal's reason, resumable, when aborted. */
export async function runStages(run: StageRun): Promise<StagesResult> {
  const paths = checkpointPaths(run.folder);
  if (!run.resume) removeCheckpoints(run.folder);
  await mkdir(run.folder, { recursive: true });
  removeStrays(run.folder);
  const found = run.resume ? readStudent(paths.student, run.student) : undefined;
  if (found !== undefined) requireSame(found.record.fingerprint, run.fingerprint, run.folder);
  let student = found?.student ?? run.student;
  const documents: StageDocument[] = [...(found?.record.stages ?? [])];
  const planned = plannedStages(run.stages, run.teacher.mixers.length);
  for (const next of planned.slice(documents.length)) {
    const finished = await runStage(next, student, run, paths.stage);
    student = finished.student;
    documents.push(stageDocument(finished.result, true));
    await writeStudent(paths.student, student, run.teacher, { fingerprint: run.fingerprint, stages: documents });
    rmSync(paths.stage, { force: true });
    // Each stage has programs of its own, with working memory that they would keep.
    await run.engine.release();
  }
  return { student, stages: documents };
}

/** Where a run's checkpoints lie. */
function checkpointPaths(folder: string): { student: string; stage: string } {
  return { student: join(folder, "student.safetensors"), stage: join(folder, "stage.safetensors") };
}

/** Removes a run's checkpoints and their folder. */
export function removeCheckpoints(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** A killed process leaves the file it was writing; nobody else writes here. */
function removeStrays(folder: string): void {
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder)) if (file.endsWith(".tmp")) rmSync(join(folder, file), { force: true });
}

async function runStage({ stage, layers }: PlannedStage, student: Model, run: StageRun, checkpoint: string) {
  const { engine, text, seed, context } = run;
  const heldOut = heldOutWindows(text.heldOut, stage.length, heldOutTokens, stage.batch);
  if (heldOut.length === 0) {
    throw new SubquadError(
      `the held-out text has ${text.heldOut.ids.length} tokens, fewer than one sequence of ${stage.length}: give more text, or a smaller --length`,
    );
  }
  const running = startStage(stage, {
    engine,
    student,
    teacher: run.teacher.weights,
    heldOut,
    seed,
    ...(layers && { layers }),
  });
  const data = new DataOrder(text.train, stage.length, seed);
  const resumed = run.resume ? openCheckpoint(checkpoint) : undefined;
  const usable = resumed?.progress.stage === stage.name ? resumed : undefined;
  if (usable !== undefined) requireSame(usable.progress.fingerprint, run.fingerprint, run.folder);
  const progress = context.reporter.stage(stage.name, { tokens: stage.tokens });
  try {
    const result = await train(
      running.trainee,
      { ...loopSettings(stage), keepBest: true },
      data,
      {
        signal: context.signal,
        progress: ({ tokens, loss, tokensPerSecond }) => progress.update({ done: tokens, loss, tokensPerSecond }),
      },
      { path: checkpoint, fingerprint: run.fingerprint, every: checkpointSeconds },
      usable,
    );
    return { student: await running.finish(), result };
  } finally {
    progress.end();
    resumed?.close();
  }
}

/** Throws unless a checkpoint in `folder` belongs to this run. */
export function requireSame(found: string, expected: string, folder: string): void {
  if (found === expected) return;
  throw new SubquadError(
    `${folder}: this checkpoint is of another run (other model, recipe, settings or texts); repeat the command that began it, or leave out --resume to begin anew`,
  );
}

/** A stage's entry in the report. */
export function stageDocument({ name, tokens, seconds, curve }: LoopResult, keptBest = false): StageDocument {
  const losses = curve.flatMap(({ heldOut }) => heldOut ?? []);
  return {
    name,
    tokens,
    seconds,
    tokens_per_second: seconds > 0 ? tokens / seconds : 0,
    loss_first: curve[0]?.heldOut ?? null,
    loss_last: (keptBest ? Math.min(...losses) : losses.at(-1)) ?? null,
    curve: curve.map(({ tokens: at, seconds: after, train: loss, heldOut }) => ({
      tokens: at,
      seconds: after,
      train: loss,
      held_out: heldOut,
    })),
  };
}
