/** A model's weights by role, read strictly from a checkpoint. */
import { SubquadError } from "../errors.ts";
import {
  type Architecture,
  type Block,
  type ByLayerRole,
  beginRoles,
  blockOf,
  endRoles,
  inverseRows,
  type LayerRole,
  layerShapes,
  layerTensorName,
  type ModelRole,
  modelShapes,
  rowsOf,
  type TensorNames,
} from "../families/index.ts";
import type { TensorSource } from "../formats/tensor.ts";
import { formatShape, type Shape, sameShape } from "../graph/index.ts";

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
  readonly finalNorm: Weight;
  readonly head: Weight;
  readonly layers: readonly LayerWeights[];
}

/** Reads one block's weights. Throws a SubquadError naming a tensor that is missing or misshapen. */
export function readLayer(
  source: TensorSource,
  names: TensorNames,
  architecture: Architecture,
  layer: number,
): LayerWeights {
  const block = blockOf(architecture, layer);
  const weights: Record<string, Weight> = {};
  for (const [role, shape] of layerShapes(block)) {
    const template = names.layer[role];
    if (template === undefined) throw new SubquadError(`${source.path}: this kind of file has no name for ${role}`);
    weights[role] = readWeight(source, layerTensorName(template, layer), shape);
  }
  return reordered(weights, rowsOfBlock(architecture, block));
}

/** Reads all weights. Throws a SubquadError naming a tensor that is missing, misshapen, or belongs to no role. */
export function readWeights(source: TensorSource, names: TensorNames, architecture: Architecture): ModelWeights {
  refuseStrangers(source, names, architecture);
  const ends: Partial<Record<ModelRole, Weight>> = {};
  for (const [role, shape] of modelShapes(architecture)) {
    const name = names.model[role];
    if (name === undefined) throw new SubquadError(`${source.path}: this kind of file has no name for ${role}`);
    ends[role] = readWeight(source, name, shape);
  }
  const layers = architecture.blocks.map((_block, layer) => readLayer(source, names, architecture, layer));
  return { ...wholeEnds(ends), layers };
}

/** Weights outside the blocks, a tied head as the embedding. Throws a RangeError where one that every model has is missing. */
export function wholeEnds<T>(ends: Readonly<Partial<Record<ModelRole, T>>>): Partial<Record<ModelRole, T>> & {
  readonly [Role in "embedding" | "finalNorm" | "head"]: T;
} {
  const { embedding, finalNorm, head = embedding } = ends;
  if (embedding === undefined || finalNorm === undefined || head === undefined)
    throw new RangeError("a model has an embedding and a final norm");
  return { ...ends, embedding, finalNorm, head };
}

/** The order of a head's rows in a block, where it is not that of the checkpoint. */
function rowsOfBlock({ ropes }: Architecture, { rope }: Block): readonly number[] | undefined {
  const settings = ropes[rope];
  return settings && rowsOf(settings);
}

/** Weights whose rows belong to pairs of dimensions that turn together. */
const rotaryRoles = [
  ...(["queries", "queriesBias", "queriesNorm", "queriesNormBias"] as const),
  ...(["keys", "keysBias", "keysNorm", "keysNormBias"] as const),
];

/** Weights with the rows of every head in another order. */
function reordered(weights: LayerWeights, rows: readonly number[] | undefined): LayerWeights {
  if (rows === undefined) return weights;
  const changed = rotaryRoles.flatMap((role) => {
    const weight = weights[role];
    return weight === undefined ? [] : [[role, withRows(weight, rows)] as const];
  });
  return { ...weights, ...Object.fromEntries(changed) };
}

/** The heads of a weight, one below the other, each with its rows in the given order. */
function withRows({ dtype, shape, data }: Weight, rows: readonly number[]): Weight {
  const [count = 1] = shape;
  const width = data.length / count;
  const result = new Float32Array(data.length);
  for (let row = 0; row < count; row++) {
    const from = row - (row % rows.length) + (rows[row % rows.length] ?? 0);
    result.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return { dtype, shape, data: result };
}

/** Every weight with its tensor name, in file order. */
export function namedWeights(
  weights: ModelWeights,
  names: TensorNames,
  architecture: Architecture,
): [name: string, weight: Weight][] {
  const entries: [string | undefined, Weight | undefined][] = [];
  const end = (role: ModelRole) => entries.push([names.model[role], weights[role]]);
  for (const role of beginRoles) end(role);
  weights.layers.forEach((layer, index) => {
    const rows = rowsOfBlock(architecture, blockOf(architecture, index));
    for (const [role, weight] of Object.entries(reordered(layer, rows && inverseRows(rows)))) {
      const template = names.layer[role as LayerRole];
      entries.push([template && layerTensorName(template, index), weight]);
    }
  });
  for (const role of endRoles) if (role !== "head" || !architecture.tiedHead) end(role);
  return entries.flatMap(([name, weight]) => (name === undefined || weight === undefined ? [] : [[name, weight]]));
}

function readWeight(source: TensorSource, name: string, shape: Shape): Weight {
  if (!source.has(name))
    throw new SubquadError(`${source.path}: the tensor "${name}" ${formatShape(shape)} is missing`);
  const info = source.info(name);
  if (!sameShape(info.shape, shape)) {
    throw new SubquadError(
      `${source.path}: the tensor "${name}" is ${formatShape(info.shape)}, but the configuration asks for ${formatShape(shape)}`,
    );
  }
  return { dtype: "float32", shape, data: source.readFloat32(name) };
}

function refuseStrangers(source: TensorSource, names: TensorNames, architecture: Architecture): void {
  const expected = new Set<string>();
  for (const role of modelShapes(architecture).keys()) expected.add(names.model[role] ?? "");
  architecture.blocks.forEach((block, layer) => {
    for (const role of layerShapes(block).keys()) expected.add(layerTensorName(names.layer[role] ?? "", layer));
  });
  const head = names.model.head;
  const redundant = (name: string) =>
    names.redundant.some((pattern) => pattern.test(name)) || (architecture.tiedHead && name === head);
  const strangers = source.names().filter((name) => !expected.has(name) && !redundant(name));
  if (strangers.length > 0) {
    const list = strangers.slice(0, 5).join(", ");
    const more = strangers.length > 5 ? ` and ${strangers.length - 5} more` : "";
    throw new SubquadError(
      `${source.path}: no part of the model uses the tensors ${list}${more}; the configuration does not describe this file`,
    );
  }
}
