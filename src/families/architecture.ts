/** What a configuration means: two ends and the blocks between them. */
import { type ActivationName, type Block, layerShapes, type NormSpec } from "./block.ts";
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
  /** From tokens to the first stream. */
  readonly embedding: {
    /** Factor of the table's rows. */
    readonly scale: number;
    /** Where learned positions are added: rows of their table, and the row of a sequence's first token. */
    readonly positions?: { readonly count: number; readonly offset: number };
    /** Where a row is added for the segment that a token belongs to: the number of segments. */
    readonly segments?: number;
    readonly norm?: NormSpec;
  };
  /** From the last normed stream to logits. */
  readonly head: {
    readonly scale: number;
    readonly bias: boolean;
    /** Cap c of the logits, c · tanh(logit / c). */
    readonly cap?: number;
    /** A dense layer before the table, as wide as the stream, with a bias. */
    readonly transform?: { readonly activation: ActivationName; readonly norm: NormSpec };
  };
}

/** Whether a model reads both ways: it tells what stands in a text, and writes none. */
export const isEncoder = ({ blocks }: Architecture): boolean => blocks.some(({ mixer }) => !mixer.causal);

/** A weight's place outside the blocks. */
export type ModelRole = BeginRole | EndRole;

type Normed<Name extends string> = Name | `${Name}Bias`;
type BeginRole = "embedding" | "positions" | "segments" | Normed<"embeddingNorm">;
type EndRole = Normed<"finalNorm"> | Normed<"transform"> | Normed<"transformNorm"> | Normed<"head">;

/** The roles that the first stream is made of. */
export const beginRoles: readonly BeginRole[] = [
  ...(["embedding", "positions", "segments", "embeddingNorm", "embeddingNormBias"] as const),
];

/** The roles that logits are made of; a tied head is given as well. */
export const endRoles: readonly EndRole[] = [
  ...(["finalNorm", "finalNormBias", "transform", "transformBias", "transformNorm", "transformNormBias"] as const),
  ...(["head", "headBias"] as const),
];

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
  const { positions, segments } = embedding;
  const { transform } = head;
  const addNorm = (role: "embeddingNorm" | "finalNorm" | "transformNorm", spec: NormSpec | undefined) => {
    if (spec && spec.scale !== false) shapes.set(role, [hiddenSize]);
    if (spec?.bias) shapes.set(`${role}Bias`, [hiddenSize]);
  };
  if (positions !== undefined) shapes.set("positions", [positions.count, hiddenSize]);
  if (segments !== undefined) shapes.set("segments", [segments, hiddenSize]);
  addNorm("embeddingNorm", embedding.norm);
  addNorm("finalNorm", norm);
  if (transform) shapes.set("transform", [hiddenSize, hiddenSize]).set("transformBias", [hiddenSize]);
  addNorm("transformNorm", transform?.norm);
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
