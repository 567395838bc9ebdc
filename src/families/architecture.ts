/** What a configuration means: the sizes and choices a transformer's programs are built from. */
import type { RopeSpec } from "./rope/rope.ts";

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
  /** Width of the gated MLP. */
  readonly intermediateSize: number;
  readonly vocabularySize: number;
  /** Tokens the model was trained to read. */
  readonly context: number;
  /** ε of every RMSNorm. */
  readonly normEpsilon: number;
  readonly rope: RopeSpec;
  /** Projections that carry a bias. */
  readonly biases: { readonly attention: boolean; readonly mlp: boolean };
  /** True when the head reads the embedding table. */
  readonly tiedHead: boolean;
}

/** A weight's place in a block. */
export type LayerRole =
  | "attentionNorm"
  | "queries"
  | "keys"
  | "values"
  | "output"
  | "mlpNorm"
  | "gate"
  | "up"
  | "down"
  | "queriesBias"
  | "keysBias"
  | "valuesBias"
  | "outputBias"
  | "gateBias"
  | "upBias"
  | "downBias";

/** A weight's place outside the blocks. */
export type ModelRole = "embedding" | "finalNorm" | "head";

/** Shapes of one block's weights, `[out, in]` for matrices, in the order blocks use them. */
export function layerShapes(architecture: Architecture): Map<LayerRole, readonly number[]> {
  const { hiddenSize, intermediateSize, heads, groups, headDim, biases } = architecture;
  const [queryWidth, keyWidth] = [heads * headDim, groups * headDim];
  const shapes = new Map<LayerRole, readonly number[]>([
    ["attentionNorm", [hiddenSize]],
    ["queries", [queryWidth, hiddenSize]],
    ["keys", [keyWidth, hiddenSize]],
    ["values", [keyWidth, hiddenSize]],
    ["output", [hiddenSize, queryWidth]],
    ["mlpNorm", [hiddenSize]],
    ["gate", [intermediateSize, hiddenSize]],
    ["up", [intermediateSize, hiddenSize]],
    ["down", [hiddenSize, intermediateSize]],
  ]);
  if (biases.attention) {
    shapes.set("queriesBias", [queryWidth]).set("keysBias", [keyWidth]);
    shapes.set("valuesBias", [keyWidth]).set("outputBias", [hiddenSize]);
  }
  if (biases.mlp)
    shapes.set("gateBias", [intermediateSize]).set("upBias", [intermediateSize]).set("downBias", [hiddenSize]);
  return shapes;
}

/** Shapes of the weights outside the blocks; a tied head has none of its own. */
export function modelShapes({ hiddenSize, vocabularySize, tiedHead }: Architecture): Map<ModelRole, readonly number[]> {
  const shapes = new Map<ModelRole, readonly number[]>([
    ["embedding", [vocabularySize, hiddenSize]],
    ["finalNorm", [hiddenSize]],
  ]);
  if (!tiedHead) shapes.set("head", [vocabularySize, hiddenSize]);
  return shapes;
}

/** Number of a model's parameters. */
export function parameterCount(architecture: Architecture): number {
  const total = (shapes: Map<string, readonly number[]>) =>
    [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return total(modelShapes(architecture)) + architecture.layers * total(layerShapes(architecture));
}
