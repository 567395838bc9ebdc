/** One block of a transformer, described: the sizes and choices that its programs are built from. */
import { type MixerSizes, type MixerSpec, mixerParameters } from "../mixers/index.ts";

/** How a stream is normalized: by its root mean square, or by its mean and deviation. */
export interface NormSpec {
  readonly kind: "rms" | "layer";
  readonly epsilon: number;
  /** Added to the stored scale. */
  readonly offset: number;
  readonly bias: boolean;
  /** Whether a learned scale multiplies what was normalized (default: one does). */
  readonly scale?: boolean;
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
  /** Whether its output is multiplied by the sigmoid of a projection of what it reads. */
  readonly outputGate?: boolean;
  /** Gated MLPs without biases in its place. */
  readonly experts?: Experts;
}

/** Sizes of the heads that a token mixer reads. */
export interface HeadSizes {
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
}

/** A second token mixer: it reads the normed stream that attention reads, and what it returns is added to the stream too. */
export interface Beside extends HeadSizes {
  readonly mixer: MixerSpec;
  /** Factors of projections' products. */
  readonly factors: Readonly<Partial<Record<(typeof besideMatrices)[number], number>>>;
}

/** A block, described. Blocks that are equal share their programs. */
export interface Block extends HeadSizes {
  /** Which spelling of a file's tensors is this block's (default: the one that all blocks share). */
  readonly kind?: string;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  /** What mixes the tokens before any conversion. */
  readonly mixer: MixerSpec;
  /** What stays beside it, whatever takes its place. */
  readonly beside?: Beside;
  /** The projections that read, channel by channel, a learned mix of a token's normed stream and the one before it (arXiv 2305.13048). */
  readonly shifts?: readonly StreamMatrix[];
  /** Which of the model's rotary settings turns queries and keys. */
  readonly rope: number;
  /** Whether the heads' outputs are multiplied by the sigmoid of a projection of what attention reads, or of the queries. */
  readonly outputGate?: boolean | "queries";
  /** What follows the token mixer, if anything. */
  readonly mlp?: Mlp;
  /** Every norm of the block. */
  readonly norm: NormSpec;
  readonly norms: readonly NormPlace[];
  /** Norms of queries and keys before they are rotated: none, of each head, of each by a scale of its own, or of all side by side. */
  readonly headNorms: "none" | "head" | "heads" | "whole";
  /** Attention and MLP one after the other, or beside each other: each with a norm of its own, or both reading the first one's. */
  readonly residual: "sequential" | "parallel" | "shared";
  /** Projections that carry a bias. */
  readonly biases: { readonly qkv: boolean; readonly output: boolean; readonly mlp: boolean };
  /** Factors of projections' products; of experts only `down`, which is of what they give together. */
  readonly factors: Readonly<Partial<Record<Matrix, number>>>;
}

/** The part of a block that a norm belongs to. */
export type Sublayer = "attention" | "mlp";

/** A norm's place in a block. */
export type NormRole = `${Sublayer}${"" | "Output" | "Stream"}Norm` | "queriesNorm" | "keysNorm";

/** The matrices that read the normed stream of a sublayer. */
export const streamMatrices = {
  attention: ["queries", "keys", "values", "outputGate"],
  mlp: ["gate", "up", "mlpOutputGate"],
} as const satisfies Readonly<Record<Sublayer, readonly string[]>>;

/** A matrix that reads the normed stream. */
export type StreamMatrix = (typeof streamMatrices)[Sublayer][number];

/** A matrix of a block. */
export type Matrix = StreamMatrix | "output" | "down";

/** The matrices of a branch beside attention. */
export const besideMatrices = ["queries", "keys", "values", "output"] as const;

/** A weight of a mixture of experts: those of all experts lie one behind another. */
export type ExpertRole =
  | ("router" | "expertGate" | "expertUp" | "expertDown")
  | ("sharedGate" | "sharedUp" | "sharedDown" | "sharedSwitch");

/** The share of a token's own stream in what a matrix reads, channel by channel. */
export type ShiftRole = `${StreamMatrix}Shift`;

/** A parameter of a block's own mixer, or a weight of the branch beside it: a matrix's role, or `mixer.NAME`. */
export type MixerRole = `mixer.${string}` | `beside.${string}`;

/** A weight's place in a block. */
export type LayerRole = Matrix | `${Matrix}Bias` | NormRole | `${NormRole}Bias` | ExpertRole | ShiftRole | MixerRole;

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

/** The sizes that a mixer of a block, its own or the one beside it, is built for. */
export function layerSizes(
  { heads, groups, keyHeads, headDim, valueDim, hiddenSize }: HeadSizes & Pick<Block, "hiddenSize">,
  batch = 1,
  length = 1,
): MixerSizes {
  return {
    ...{ batch, heads, groups, length, dim: headDim, hidden: hiddenSize },
    ...(keyHeads !== undefined && { keyHeads }),
    ...(valueDim !== undefined && { valueDim }),
  };
}

/** The matrices of a sublayer that read a mix of each token's stream and the one before it. */
export const shiftsOf = ({ shifts = [] }: Pick<Block, "shifts">, sublayer: Sublayer): StreamMatrix[] =>
  streamMatrices[sublayer].filter((role) => shifts.includes(role));

/** Widths of queries, keys, values and of all heads' outputs. */
function widthsOf({ heads, groups, keyHeads, headDim, valueDim = headDim }: HeadSizes) {
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

/** Shapes of the weights of a branch beside attention, by their roles in it. */
function besideShapes(beside: Beside, hiddenSize: number): [string, readonly number[]][] {
  const widths = widthsOf(beside);
  const parameters = mixerParameters(beside.mixer, layerSizes({ ...beside, hiddenSize }));
  const matrices: Record<(typeof besideMatrices)[number], readonly number[]> = {
    queries: [widths.queries, hiddenSize],
    keys: [widths.keys, hiddenSize],
    values: [widths.values, hiddenSize],
    output: [hiddenSize, widths.mixed],
  };
  const own = Object.entries(parameters).map(([name, { shape }]): [string, readonly number[]] => [
    `mixer.${name}`,
    shape,
  ]);
  return [...Object.entries(matrices), ...own];
}

/** Shapes of a block's weights, `[out, in]` for matrices, in the order blocks use them. */
export function layerShapes(block: Block): Map<LayerRole, readonly number[]> {
  const { hiddenSize, headDim, biases, norm, norms, headNorms, mlp, residual } = block;
  const widths = widthsOf(block);
  const shapes = new Map<LayerRole, readonly number[]>();
  const addNorm = (role: NormRole, ...shape: number[]) => {
    if (norm.scale !== false) shapes.set(role, shape);
    if (norm.bias) shapes.set(`${role}Bias`, shape);
  };
  const addHeadNorm = (role: "queriesNorm" | "keysNorm", width: number) => {
    if (headNorms === "heads") addNorm(role, width / headDim, headDim);
    else addNorm(role, headNorms === "head" ? headDim : width);
  };
  const addNorms = (sublayer: Sublayer, places: readonly NormPlace[]) => {
    for (const place of places) if (norms.includes(place)) addNorm(normRole(sublayer, place), hiddenSize);
  };
  addNorms("attention", ["before"]);
  if (!block.mixer.derived) shapes.set("queries", [widths.queries, hiddenSize]).set("keys", [widths.keys, hiddenSize]);
  shapes.set("values", [widths.values, hiddenSize]);
  if (block.outputGate === true) shapes.set("outputGate", [widths.mixed, hiddenSize]);
  shapes.set("output", [hiddenSize, widths.mixed]);
  if (headNorms !== "none") {
    addHeadNorm("queriesNorm", widths.queries);
    addHeadNorm("keysNorm", widths.keys);
  }
  for (const [name, { shape }] of Object.entries(mixerParameters(block.mixer, layerSizes(block))))
    shapes.set(`mixer.${name}`, shape);
  for (const [role, shape] of block.beside ? besideShapes(block.beside, hiddenSize) : [])
    shapes.set(`beside.${role}`, shape);
  addNorms("attention", ["output", "stream"]);
  if (mlp) {
    if (residual !== "shared") addNorms("mlp", ["before"]);
    for (const [role, shape] of mlpShapes(mlp, hiddenSize)) shapes.set(role, shape);
    if (mlp.outputGate) shapes.set("mlpOutputGate", [hiddenSize, hiddenSize]);
    addNorms("mlp", ["output", "stream"]);
  }
  if (biases.qkv) {
    shapes.set("queriesBias", [widths.queries]).set("keysBias", [widths.keys]).set("valuesBias", [widths.values]);
    if (block.outputGate === true) shapes.set("outputGateBias", [widths.mixed]);
  }
  if (biases.output) shapes.set("outputBias", [hiddenSize]);
  if (mlp && !mlp.experts && biases.mlp) {
    if (mlp.gated) shapes.set("gateBias", [mlp.size]);
    shapes.set("upBias", [mlp.size]).set("downBias", [hiddenSize]);
    if (mlp.outputGate) shapes.set("mlpOutputGateBias", [hiddenSize]);
  }
  for (const role of block.shifts ?? []) shapes.set(`${role}Shift`, [hiddenSize]);
  return shapes;
}
