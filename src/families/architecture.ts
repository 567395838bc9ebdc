/** What a configuration means: the sizes and choices a transformer's programs are built from. */
import type { RopeSpec } from "./rope/rope.ts";

/** How a stream is normalized: by its root mean square, or by its mean and deviation. */
export interface NormSpec {
  readonly kind: "rms" | "layer";
  readonly epsilon: number;
  /** Added to the stored scale. */
  readonly offset: number;
  readonly bias: boolean;
}

/** Where norms stand: on what a sublayer reads, on what it adds to the stream, or on the stream after that. */
export type NormPlace = "before" | "output" | "stream";

/** What an MLP does between its projections. */
export type ActivationName = "silu" | "gelu" | "geluTanh" | "relu";

/** A decoder-only transformer, described. All families reduce to this. */
export interface Architecture {
  /** The family's name. */
  readonly family: string;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; each serves heads / groups query heads. */
  readonly groups: number;
  /** Dimensions of one head. */
  readonly headDim: number;
  /** Width of the MLP. */
  readonly intermediateSize: number;
  /** A gated MLP multiplies the activated gate and a second projection; a plain one activates a single projection. */
  readonly mlp: { readonly gated: boolean; readonly activation: ActivationName };
  readonly vocabularySize: number;
  /** Tokens the model was trained to read. */
  readonly context: number;
  /** Every norm of a stream. */
  readonly norm: NormSpec;
  readonly norms: readonly NormPlace[];
  /** Norms of queries and keys before they are rotated: none, of each head, or of all heads side by side. */
  readonly headNorms: "none" | "head" | "whole";
  /** Attention and MLP one after the other, or beside each other: each with a norm of its own, or both reading the first one's. */
  readonly residual: "sequential" | "parallel" | "shared";
  /** Factor of what a sublayer adds to the stream. */
  readonly residualScale: number;
  readonly rope: RopeSpec;
  /** Projections that carry a bias. */
  readonly biases: { readonly qkv: boolean; readonly output: boolean; readonly mlp: boolean };
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

/** The part of a block that a norm belongs to. */
export type Sublayer = "attention" | "mlp";

/** A norm's place in a block. */
export type NormRole = `${Sublayer}${"" | "Output" | "Stream"}Norm` | "queriesNorm" | "keysNorm";

type Matrix = "queries" | "keys" | "values" | "output" | "gate" | "up" | "down";

/** A weight's place in a block. */
export type LayerRole = Matrix | `${Matrix}Bias` | NormRole | `${NormRole}Bias`;

/** A weight's place outside the blocks. */
export type ModelRole = "embedding" | "positions" | "finalNorm" | "finalNormBias" | "head" | "headBias";

/** The roles that the first stream is made of. */
export const beginRoles: readonly ModelRole[] = ["embedding", "positions"];

/** The roles that logits are made of; a tied head is given as well. */
export const endRoles: readonly ModelRole[] = ["finalNorm", "finalNormBias", "head", "headBias"];

/** A norm's role by its place. */
export function normRole(sublayer: Sublayer, place: NormPlace): NormRole {
  const names = { before: "Norm", output: "OutputNorm", stream: "StreamNorm" } as const;
  return `${sublayer}${names[place]}`;
}

/** Shapes of one block's weights, `[out, in]` for matrices, in the order blocks use them. */
export function layerShapes(architecture: Architecture): Map<LayerRole, readonly number[]> {
  const { hiddenSize, intermediateSize, heads, groups, headDim, biases, norm, norms, headNorms, mlp, residual } =
    architecture;
  const [queryWidth, keyWidth] = [heads * headDim, groups * headDim];
  const shapes = new Map<LayerRole, readonly number[]>();
  const addNorm = (role: NormRole, width: number) => {
    shapes.set(role, [width]);
    if (norm.bias) shapes.set(`${role}Bias`, [width]);
  };
  const addNorms = (sublayer: Sublayer, places: readonly NormPlace[]) => {
    for (const place of places) if (norms.includes(place)) addNorm(normRole(sublayer, place), hiddenSize);
  };
  addNorms("attention", ["before"]);
  shapes.set("queries", [queryWidth, hiddenSize]).set("keys", [keyWidth, hiddenSize]);
  shapes.set("values", [keyWidth, hiddenSize]).set("output", [hiddenSize, queryWidth]);
  if (headNorms !== "none") {
    addNorm("queriesNorm", headNorms === "head" ? headDim : queryWidth);
    addNorm("keysNorm", headNorms === "head" ? headDim : keyWidth);
  }
  addNorms("attention", ["output", "stream"]);
  if (residual !== "shared") addNorms("mlp", ["before"]);
  if (mlp.gated) shapes.set("gate", [intermediateSize, hiddenSize]);
  shapes.set("up", [intermediateSize, hiddenSize]).set("down", [hiddenSize, intermediateSize]);
  addNorms("mlp", ["output", "stream"]);
  if (biases.qkv) shapes.set("queriesBias", [queryWidth]).set("keysBias", [keyWidth]).set("valuesBias", [keyWidth]);
  if (biases.output) shapes.set("outputBias", [hiddenSize]);
  if (biases.mlp) {
    if (mlp.gated) shapes.set("gateBias", [intermediateSize]);
    shapes.set("upBias", [intermediateSize]).set("downBias", [hiddenSize]);
  }
  return shapes;
}

/** Shapes of the weights outside the blocks; a tied head has none of its own. */
export function modelShapes(architecture: Architecture): Map<ModelRole, readonly number[]> {
  const { hiddenSize, vocabularySize, tiedHead, embedding, norm, head } = architecture;
  const shapes = new Map<ModelRole, readonly number[]>([["embedding", [vocabularySize, hiddenSize]]]);
  if (embedding.positions !== undefined) shapes.set("positions", [embedding.positions.count, hiddenSize]);
  shapes.set("finalNorm", [hiddenSize]);
  if (norm.bias) shapes.set("finalNormBias", [hiddenSize]);
  if (!tiedHead) shapes.set("head", [vocabularySize, hiddenSize]);
  if (head.bias) shapes.set("headBias", [vocabularySize]);
  return shapes;
}

/** Number of a model's parameters. */
export function parameterCount(architecture: Architecture): number {
  const total = (shapes: Map<string, readonly number[]>) =>
    [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return total(modelShapes(architecture)) + architecture.layers * total(layerShapes(architecture));
}
