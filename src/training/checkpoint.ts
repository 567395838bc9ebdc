/** Checkpoints of a run: one safetensors file, written beside and renamed, that holds all a resumed run must know. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { FormatError } from "../errors.ts";
import { openSafetensors } from "../formats/safetensors/reader.ts";
import { writeSafetensors } from "../formats/safetensors/writer.ts";
import type { FloatTensor } from "../runtime/index.ts";

/** One point of a learning curve. */
export interface CurvePoint {
  readonly tokens: number;
  readonly seconds: number;
  /** Mean training loss since the point before; null at the start. */
  readonly train: number | null;
  readonly heldOut: number | null;
}

const curveSchema = z.array(
  z.object({ tokens: z.number(), seconds: z.number(), train: z.number().nullable(), heldOut: z.number().nullable() }),
);

const progressSchema = z.object({
  /** What must be equal for a run to go on: recipe, texts, model. */
  fingerprint: z.string(),
  stage: z.string(),
  step: z.number().int().nonnegative(),
  /** Steps of the optimizer, over all stages that share it. */
  optimizerSteps: z.number().int().nonnegative(),
  seconds: z.number(),
  schedule: z.object({ scale: z.number(), best: z.number().nullable(), bad: z.number() }),
  /** Losses of the steps since the last curve point. */
  recent: z.array(z.number()),
  curve: curveSchema,
  /** Results of stages that have ended. */
  finished: z.array(z.object({ name: z.string(), tokens: z.number(), seconds: z.number(), curve: curveSchema })),
});

/** Where a run stands, besides its tensors. */
export type Progress = z.infer<typeof progressSchema>;

/** A checkpoint that was found. */
export interface Checkpoint {
  readonly progress: Progress;
  read(name: string): Float32Array;
  has(name: string): boolean;
  close(): void;
}

/** Writes a checkpoint; the one before stays until this one is whole. */
export async function writeCheckpoint(
  path: string,
  progress: Progress,
  tensors: ReadonlyMap<string, FloatTensor>,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const entries = [...tensors].map(([name, { shape, data }]) => ({
    name,
    dtype: "F32" as const,
    shape,
    data: () => data,
  }));
  await writeSafetensors(path, entries, { metadata: { progress: JSON.stringify(progress) } });
}

/** Opens the checkpoint at `path`, or returns undefined where there is none. Throws a FormatError for a damaged one. */
export function openCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const source = openSafetensors(path);
  const text = source.metadata.get("progress");
  const parsed = progressSchema.safeParse(JSON.parse(typeof text === "string" ? text : "null"));
  if (!parsed.success) throw new FormatError(path, "is no checkpoint of a run; remove it to begin again");
  return {
    progress: parsed.data,
    read: (name) => source.readFloat32(name),
    has: (name) => source.has(name),
    close: () => source.close(),
  };
}

/** Removes a checkpoint once its run has ended. */
export function removeCheckpoint(path: string): void {
  rmSync(path, { force: true });
}
