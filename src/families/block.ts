/** One block of a transformer, described: the sizes and choices that its programs are built from. */
import { type MixerSizes, type MixerSpec, mixerParameters } from "../mixers/index.ts";

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
export type ActivationName = "silu" | "gelu" | "geluTanh" | "quickGelu" | "relu" | "squaredRelu";

/** A block, described. Blocks that are equal share their programs. */
export interface Block {
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; each serves heads / groups query heads. */
  readonly groups: number;
  /** Dimensions of one head. */
  readonly headDim: number;
  /** What mixes the tokens before any conversion. */
  readonly mixer: MixerSpec;
  /** Which of the model's rotary settings turns queries and keys. */
  readonly rope: number;
  /** A gated MLP multiplies the activated gate and a second projection; a plain one activates a single projection. */
  readonly mlp: { readonly size: number; readonly gated: boolean; readonly activation: ActivationName };
  /** Every norm of the block. */
  readonly norm: NormSpec;
  readonly norms: readonly NormPlace[];
  /** Norms of queries and keys before they are rotated: none, of each head, or of all heads side by side. */
  readonly headNorms: "none" | "head" | "whole";
  /** Attention and MLP one after the other, or beside each other: each with a norm of its own, or both reading the first one's. */
  readonly residual: "sequential" | "parallel" | "shared";
  /** Projections that carry a bias. */
  readonly biases: { readonly qkv: boolean; readonly output: boolean; readonly mlp: boolean };
  /** Factors of projections' products. */
  readonly factors: Readonly<Partial<Record<Matrix, number>>>;
}

/** The part of a block that a norm belongs to. */
export type Sublayer = "attention" | "mlp";

/** A norm's place in a block. */
export type NormRole = `${Sublayer}${"" | "Output" | "Stream"}Norm` | "queriesNorm" | "keysNorm";

/** A matrix of a block. */
export type Matrix = "queries" | "keys" | "values" | "output" | "gate" | "up" | "down";

/** A parameter of a block's own mixer. */
export type MixerRole = `mixer.${string}`;

/** A weight's place in a block. */
export type LayerRole = Matrix | `${Matrix}Bias` | NormRole | `${NormRole}Bias` | MixerRole;

/** Something for each weight of a block that has it. */
export type ByLayerRole<T> = Readonly<Partial<Record<Exclude<LayerRole, MixerRole>, T>> & Record<MixerRole, T>>;

/** The scales of all norms a block may have. */
export const normWeights: readonly NormRole[] = [
  ...(["attentionNorm", "attentionOutputNorm", "attentionStreamNorm", "queriesNorm", "keysNorm"] as const),
  ...(["mlpNorm", "mlpOutputNorm", "mlpStreamNorm"] as const),
];

/** A norm's role by its place. */
export function normRole(sublayer: Sublayer, place: NormPlace): NormRole {
  const names = { before: "Norm", output: "OutputNorm", stream: "StreamNorm" } as const;
  return `${sublayer}${names[place]}`;
}

/** The sizes a block's mixer is built for. */
export function layerSizes({ heads, groups, headDim, hiddenSize }: Block, batch = 1, length = 1): MixerSizes {
  return { batch, heads, groups, length, dim: headDim, hidden: hiddenSize };
}

/** Shapes of a block's weights, `[out, in]` for matrices, in the order blocks use them. */
export function layerShapes(block: Block): Map<LayerRole, readonly number[]> {
  const { hiddenSize, heads, groups, headDim, biases, norm, norms, headNorms, mlp, residual } = block;
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
  for (const [name, { shape }] of Object.entries(mixerParameters(block.mixer, layerSizes(block))))
    shapes.set(`mixer.${name}`, shape);
  addNorms("attention", ["output", "stream"]);
  if (residual !== "shared") addNorms("mlp", ["before"]);
  if (mlp.gated) shapes.set("gate", [mlp.size, hiddenSize]);
  shapes.set("up", [mlp.size, hiddenSize]).set("down", [hiddenSize, mlp.size]);
  addNorms("mlp", ["output", "stream"]);
  if (biases.qkv) shapes.set("queriesBias", [queryWidth]).set("keysBias", [keyWidth]).set("valuesBias", [keyWidth]);
  if (biases.output) shapes.set("outputBias", [hiddenSize]);
  if (biases.mlp) {
    if (mlp.gated) shapes.set("gateBias", [mlp.size]);
    shapes.set("upBias", [mlp.size]).set("downBias", [hiddenSize]);
  }
  return shapes;
}
