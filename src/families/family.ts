/** What a transformer family is: data that tells how its files spell an architecture and its weights. */
import type { z } from "zod";
import type { Architecture, ModelRole } from "./architecture.ts";
import type { Block, LayerRole } from "./block.ts";
import type { RotaryLayout } from "./rope/rows.ts";

/**
 * How a weight lies in a file, where not as programs have it: the other way round, `[heads, dim, taps]` as `[channels, 1, taps]`,
 * flat, or `[width]` as `[1, 1, width]`.
 */
export type Lie = "transposed" | "channels" | "flat" | "row";

/** Parts of a tensor take turns for each head, group or expert, or so many times. */
export type Turns = "heads" | "groups" | "experts" | number;

/** How one kind of file spells a block; `{layer}` stands for its number. */
export interface LayerSpelling {
  /** Roles that share a name are parts of one tensor. */
  readonly layer: Readonly<Partial<Record<LayerRole, string>>>;
  /** The order of the parts of tensors (default: that of a block). */
  readonly order?: readonly LayerRole[];
  /** By a tensor's first part: how its parts take turns (default: each is whole, one below the other). */
  readonly turns?: Readonly<Partial<Record<LayerRole, Turns>>>;
  readonly lies?: Readonly<Partial<Record<LayerRole, Lie>>>;
}

/** How one kind of file spells a family's tensors. */
export interface TensorNames extends LayerSpelling {
  readonly model: Readonly<Partial<Record<ModelRole, string>>>;
  /** Spellings of the blocks that say which is theirs (`kind`). */
  readonly kinds?: Readonly<Record<string, LayerSpelling>>;
  /** Tensors that repeat what the configuration says, and may be passed over. */
  readonly redundant: readonly RegExp[];
  /** A beginning of names that some files leave out. */
  readonly prefix?: string;
  /** Endings of names, and what older files have in their place. */
  readonly older?: Readonly<Record<string, string>>;
  /** Whether blocks' matrices are stored `[in, out]` (default: `[out, in]`). */
  readonly transposed?: boolean;
  /** Which rows of a head make a rotary pair (default: those half of the rotated rows apart). */
  readonly rotary?: RotaryLayout;
  /** Whether norms are stored with the offset that the model adds to them. */
  readonly wholeNorms?: boolean;
}

/** Whether a file has a tensor of that name. */
export type HasTensor = (name: string) => boolean;

/** How GGUF files spell a family. */
export interface GgufSpelling {
  /** The value of `general.architecture`. */
  readonly architecture: string;
  /** Configuration keys as Hugging Face spells them, from GGUF's (without the architecture's prefix). */
  readonly config: Readonly<Record<string, string>>;
  /** What a file tells by its tensors or leaves to its readers, beside what its metadata says (`config`). */
  readonly implied?: (has: HasTensor, config: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** The names of a file's tensors. */
  readonly tensors: (has: HasTensor) => TensorNames;
}

/** A transformer family. */
export interface Family {
  readonly name: string;
  /** Values of `model_type` that belong to it. */
  readonly modelTypes: readonly string[];
  /** Reads `config.json` (either spelling of the rotary settings) as an architecture. */
  readonly config: z.ZodType<Architecture>;
  readonly tensors: TensorNames;
  readonly gguf?: GgufSpelling;
  /** What a user wrote who described it; absent for known families. */
  readonly description?: unknown;
}

/** The spelling of a block. */
export function spellingOf(names: TensorNames, { kind }: Block): LayerSpelling {
  return (kind === undefined ? undefined : names.kinds?.[kind]) ?? names;
}

/** A tensor name with its block's number filled in. */
export function layerTensorName(template: string, layer: number): string {
  return template.replace("{layer}", String(layer));
}
