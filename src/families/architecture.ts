/** What a configuration means: two ends and the blocks between them. */
import { type Block, layerShapes, type NormSpec } from "./block.ts";
import type { RopeSpec } from "./rope/rope.ts";

/** A transformer, described. All families reduce to this. */
export interface Architecture {
  /** The family's name. */
  readonly family: string;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Tokens the model was trained to read. */
  readonly context: number;
  readonly blocks: readonly Block[];
  /** The rotary settings that blocks choose from. */
  readonly ropes: readonly RopeSpec[];
  /** The norm of the last stream, where there is one. */
  readonly norm?: NormSpec;
  /** True when the head reads the embedding table. */
  readonly tiedHead: boolean;
  /** From tokens to the first stream: a factor of the table's rows, and where learned positions are added, how they are counted. */
  readonly embedding: {
    readonly scale: number;
    /** Rows of the table of positions, and the row of a sequence's first token. */
    readonly positions?: { readonly count: number; readonly offset: number };
  };
  /** From the last normed stream to logits: a factor, a bias, and a cap c, c · tanh(logit / c). */
  readonly head: { readonly scale: number; readonly bias: boolean; readonly cap?: number };
}

/** A weight's place outside the blocks. */
export type ModelRole = "embedding" | "positions" | "finalNorm" | "finalNormBias" | "head" | "headBias";

/** The roles that the first stream is made of. */
export const beginRoles: readonly ModelRole[] = ["embedding", "positions"];

/** The roles that logits are made of; a tied head is given as well. */
export const endRoles: readonly ModelRole[] = ["finalNorm", "finalNormBias", "head", "headBias"];

/** A model's block. Throws a RangeError where it has none of that number. */
export function blockOf({ blocks }: Pick<Architecture, "blocks">, layer: number): Block {
  const block = blocks[layer];
  if (block === undefined) throw new RangeError(`the model has no layer ${layer}`);
  return block;
}

/** Shapes of the weights outside the blocks; a tied head has none of its own. */
export function modelShapes(architecture: Architecture): Map<ModelRole, readonly number[]> {
  const { hiddenSize, vocabularySize, tiedHead, embedding, norm, head } = architecture;
  const shapes = new Map<ModelRole, readonly number[]>([["embedding", [vocabularySize, hiddenSize]]]);
  if (embedding.positions !== undefined) shapes.set("positions", [embedding.positions.count, hiddenSize]);
  if (norm) shapes.set("finalNorm", [hiddenSize]);
  if (norm?.bias) shapes.set("finalNormBias", [hiddenSize]);
  if (!tiedHead) shapes.set("head", [vocabularySize, hiddenSize]);
  if (head.bias) shapes.set("headBias", [vocabularySize]);
  return shapes;
}

/** Number of values in tensors of these shapes. */
export const valuesIn = (shapes: ReadonlyMap<string, readonly number[]>): number =>
  [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);

/** Number of a model's parameters. */
export function parameterCount(architecture: Architecture): number {
  const blocks = architecture.blocks.reduce((sum, block) => sum + valuesIn(layerShapes(block)), 0);
  return valuesIn(modelShapes(architecture)) + blocks;
}
