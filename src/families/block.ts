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

/** Gated MLPs of which every token goes through few, each weighed by a router's softmax over all (arXiv 1701.06538). */
export interface Experts {
  readonly count: number;
  /** Experts of one token. */
  readonly chosen: number;
  /** Whether the weights of the chosen sum to one. */
  readonly normalized: boolean;
  /** A gated MLP for every token, maybe times the sigmoid of a projection to one number. */
  readonly shared?: { readonly size: number; readonly switched: boolean };
}

/** A gated MLP multiplies the activated gate and a second projection; a plain one activates a single projection. */
export interface Mlp {
  /** Width, of each expert where there are several. */
  readonly size: number;
  readonly gated: boolean;
  readonly activation: ActivationName;
  /** Gated MLPs without biases in its place. */
  readonly experts?: Experts;
}

/** A block, described. Blocks that are equal share their programs. */
export interface Block {
  /** Which spelling of a file's tensors is this block's (default: the one that all blocks share). */
  readonly kind?: string;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; each serves heads / groups query heads. */
  readonly groups: number;
  /** Heads that queries and keys come in, where each serves several heads of values. */
  readonly keyHeads?: number;
  /** Dimensions of one head. */
  readonly headDim: number;
  /** Dimensions of one head's values (default: `headDim`). */
  readonly valueDim?: number;
  /** What mixes the tokens before any conversion. */
  readonly mixer: MixerSpec;
  /** Which of the model's rotary settings turns queries and keys. */
  readonly rope: number;
  /** Whether the heads' outputs are multiplied by the sigmoid of a projection of what attention reads. */
  readonly outputGate?: boolean;
  /** What follows the token mixer, if anything. */
  readonly mlp?: Mlp;
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
export type Matrix = "queries" | "keys" | "values" | "outputGate" | "output" | "gate" | "up" | "down";

/** A weight of a mixture of experts: those of all experts lie one behind another. */
export type ExpertRole =
  | ("router" | "expertGate" | "expertUp" | "expertDown")
  | ("sharedGate" | "sharedUp" | "sharedDown" | "sharedSwitch");

/** A parameter of a block's own mixer. */
export type MixerRole = `mixer.${string}`;

/** A weight's place in a block. */
export type LayerRole = Matrix | `${Matrix}Bias` | NormRole | `${NormRole}Bias` | ExpertRole | MixerRole;

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
export function layerSizes(block: Block, batch = 1, length = 1): MixerSizes {
  const { heads, groups, keyHeads, headDim, valueDim, hiddenSize } = block;
  return {
    ...{ batch, heads, groups, length, dim: headDim, hidden: hiddenSize },
    ...(keyHeads !== undefined && { keyHeads }),
    ...(valueDim !== undefined && { valueDim }),
  };
}

/** Widths of a block's queries, keys, values and of all heads' outputs. */
function widthsOf({ heads, groups, keyHeads, headDim, valueDim = headDim }: Block) {
  return {
    queries: (keyHeads ?? heads) * headDim,
    keys: (keyHeads ?? groups) * headDim,
    values: groups * valueDim,
    mixed: heads * valueDim,
  };
}

function mlpShapes({ size, gated, experts }: Mlp, hidden: number): [LayerRole, readonly number[]][] {
  const [into, out] = [[size, hidden] as const, [hidden, size] as const];
  if (experts === undefined)
    return [...(gated ? [["gate", into] as [LayerRole, readonly number[]]] : []), ["up", into], ["down", out]];
  const { count, shared } = experts;
  const own: [LayerRole, readonly number[]][] = [
    ["router", [count, hidden]],
    ["expertGate", [count, ...into]],
    ["expertUp", [count, ...into]],
    ["expertDown", [count, ...out]],
  ];
  if (shared === undefined) return own;
  const always: [LayerRole, readonly number[]][] = [
    ["sharedGate", [shared.size, hidden]],
    ["sharedUp", [shared.size, hidden]],
    ["sharedDown", [hidden, shared.size]],
  ];
  return [...own, ...always, ...(shared.switched ? [["sharedSwitch", [1, hidden]] as (typeof own)[number]] : [])];
}

/** Shapes of a block's weights, `[out, in]` for matrices, in the order blocks use them. */
export function layerShapes(block: Block): Map<LayerRole, readonly number[]> {
  const { hiddenSize, headDim, biases, norm, norms, headNorms, mlp, residual } = block;
  const widths = widthsOf(block);
  const shapes = new Map<LayerRole, readonly number[]>();
  const addNorm = (role: NormRole, width: number) => {
    shapes.set(role, [width]);
    if (norm.bias) shapes.set(`${role}Bias`, [width]);
  };
  const addNorms = (sublayer: Sublayer, places: readonly NormPlace[]) => {
    for (const place of places) if (norms.includes(place)) addNorm(normRole(sublayer, place), hiddenSize);
  };
  addNorms("attention", ["before"]);
  if (!block.mixer.derived) shapes.set("queries", [widths.queries, hiddenSize]).set("keys", [widths.keys, hiddenSize]);
  shapes.set("values", [widths.values, hiddenSize]);
  if (block.outputGate) shapes.set("outputGate", [widths.mixed, hiddenSize]);
  shapes.set("output", [hiddenSize, widths.mixed]);
  if (headNorms !== "none") {
    addNorm("queriesNorm", headNorms === "head" ? headDim : widths.queries);
    addNorm("keysNorm", headNorms === "head" ? headDim : widths.keys);
  }
  for (const [name, { shape }] of Object.entries(mixerParameters(block.mixer, layerSizes(block))))
    shapes.set(`mixer.${name}`, shape);
  addNorms("attention", ["output", "stream"]);
  if (mlp) {
    if (residual !== "shared") addNorms("mlp", ["before"]);
    for (const [role, shape] of mlpShapes(mlp, hiddenSize)) shapes.set(role, shape);
    addNorms("mlp", ["output", "stream"]);
  }
  if (biases.qkv) {
    shapes.set("queriesBias", [widths.queries]).set("keysBias", [widths.keys]).set("valuesBias", [widths.values]);
    if (block.outputGate) shapes.set("outputGateBias", [widths.mixed]);
  }
  if (biases.output) shapes.set("outputBias", [hiddenSize]);
  if (mlp && !mlp.experts && biases.mlp) {
    if (mlp.gated) shapes.set("gateBias", [mlp.size]);
    shapes.set("upBias", [mlp.size]).set("downBias", [hiddenSize]);
  }
  return shapes;
}
