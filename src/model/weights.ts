/** A model's weights by role. */
import type { ByLayerRole, ModelRole } from "../families/index.ts";
import type { Shape } from "../graph/index.ts";

/** One weight in float32, row-major. */
export interface Weight {
  readonly dtype: "float32";
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Weights of one block. */
export type LayerWeights = ByLayerRole<Weight>;

/** All weights of a model; a tied head is the embedding itself. */
export interface ModelWeights extends Readonly<Partial<Record<ModelRole, Weight>>> {
  readonly embedding: Weight;
  readonly head: Weight;
  readonly layers: readonly LayerWeights[];
}

/** Weights outside the blocks, a tied head as the embedding. Throws a RangeError where one that every model has is missing. */
export function wholeEnds<T>(ends: Readonly<Partial<Record<ModelRole, T>>>): Partial<Record<ModelRole, T>> & {
  readonly [Role in "embedding" | "head"]: T;
} {
  const { embedding, head = embedding } = ends;
  if (embedding === undefined || head === undefined) throw new RangeError("a model has an embedding");
  return { ...ends, embedding, head };
}
