/** A model's weights, read strictly from a checkpoint. */
import { SubquadError } from "../errors.ts";
import {
  type Architecture,
  blockOf,
  layerTensorName,
  type ModelRole,
  modelShapes,
  normWeights,
  type TensorNames,
} from "../families/index.ts";
import type { TensorSource } from "../formats/tensor.ts";
import { formatShape, type Shape, sameShape } from "../graph/index.ts";
import { reordered, rowsOfBlock } from "./rotary-order.ts";
import { storedTensors } from "./stored-tensors.ts";
import { type LayerWeights, type ModelWeights, type Weight, wholeEnds } from "./weights.ts";

/** Reads all weights. Throws a SubquadError naming a tensor that is missing, misshapen, or belongs to no role. */
export function readWeights(source: TensorSource, names: TensorNames, architecture: Architecture): ModelWeights {
  const nameOf = naming(source, names);
  refuseStrangers(source, names, architecture, nameOf);
  const ends: Partial<Record<ModelRole, Weight>> = {};
  for (const [role, shape] of modelShapes(architecture)) {
    const read = readWeight(source, nameOf(nameFor(names.model, role, source)), shape);
    ends[role] = role === "finalNorm" ? withoutOffset(read, names, architecture.norm?.offset ?? 0) : read;
  }
  const layers = architecture.blocks.map((_block, layer) => readLayer(source, names, architecture, layer));
  return { ...wholeEnds(ends), layers };
}

/** Reads one block's weights. Throws a SubquadError naming a tensor that is missing or misshapen. */
export function readLayer(
  source: TensorSource,
  names: TensorNames,
  architecture: Architecture,
  layer: number,
): LayerWeights {
  const block = blockOf(architecture, layer);
  const nameOf = naming(source, names);
  const weights: Record<string, Weight> = {};
  for (const tensor of storedTensors(source.path, names, block)) {
    const { data } = readWeight(source, nameOf(layerTensorName(tensor.template, layer)), tensor.shape);
    const parts = tensor.read(data);
    for (const [index, role] of tensor.roles.entries()) {
      const part = parts[index];
      if (part !== undefined) weights[role] = tensor.expert ? withExpert(weights[role], part, tensor.expert) : part;
    }
  }
  for (const role of normWeights)
    if (weights[role]) weights[role] = withoutOffset(weights[role], names, block.norm.offset);
  return reordered(weights, rowsOfBlock(architecture, block, names.rotary));
}

/** The weight of all experts, with one expert's part. */
function withExpert(
  whole: Weight | undefined,
  { shape, data }: Weight,
  { index, count }: { readonly index: number; readonly count: number },
): Weight {
  const all = whole ?? { dtype: "float32", shape: [count, ...shape], data: new Float32Array(count * data.length) };
  all.data.set(data, index * data.length);
  return all;
}

function nameFor<Role extends string>(
  names: Readonly<Partial<Record<Role, string>>>,
  role: Role,
  { path }: Pick<TensorSource, "path">,
): string {
  const name = names[role];
  if (name === undefined) throw new SubquadError(`${path}: this kind of file has no name for ${role}`);
  return name;
}

/** How a file spells names: some leave out their common beginning, older ones end otherwise. */
function naming(source: TensorSource, { prefix, older = {} }: TensorNames): (name: string) => string {
  const whole = prefix === undefined || source.names().some((name) => name.startsWith(prefix));
  return (name) => {
    const spelled = whole || !name.startsWith(prefix) ? name : name.slice(prefix.length);
    if (source.has(spelled)) return spelled;
    const others = Object.entries(older).flatMap(([ending, other]) =>
      spelled.endsWith(ending) ? [spelled.slice(0, -ending.length) + other] : [],
    );
    return others.find((other) => source.has(other)) ?? spelled;
  };
}

function withoutOffset(weight: Weight, { wholeNorms }: TensorNames, offset: number): Weight {
  return wholeNorms === true && offset !== 0 ? { ...weight, data: weight.data.map((x) => x - offset) } : weight;
}

/** Checks all tensors by a file's header alone, as `readWeights` does, and reads none. */
export function checkWeights(source: TensorSource, names: TensorNames, architecture: Architecture): void {
  const nameOf = naming(source, names);
  refuseStrangers(source, names, architecture, nameOf);
  for (const [role, shape] of modelShapes(architecture))
    requireTensor(source, nameOf(nameFor(names.model, role, source)), shape);
  for (const [layer, block] of architecture.blocks.entries())
    for (const { template, shape } of storedTensors(source.path, names, block))
      requireTensor(source, nameOf(layerTensorName(template, layer)), shape);
}

function readWeight(source: TensorSource, name: string, shape: Shape): Weight {
  requireTensor(source, name, shape);
  return { dtype: "float32", shape, data: source.readFloat32(name) };
}

function requireTensor(source: TensorSource, name: string, shape: Shape): void {
  if (!source.has(name))
    throw new SubquadError(`${source.path}: the tensor "${name}" ${formatShape(shape)} is missing`);
  const info = source.info(name);
  if (!sameShape(info.shape, shape)) {
    throw new SubquadError(
      `${source.path}: the tensor "${name}" is ${formatShape(info.shape)}, but the configuration asks for ${formatShape(shape)}`,
    );
  }
}

function refuseStrangers(
  source: TensorSource,
  names: TensorNames,
  architecture: Architecture,
  nameOf: (name: string) => string,
): void {
  const expected = new Set<string>();
  for (const role of modelShapes(architecture).keys()) expected.add(nameOf(names.model[role] ?? ""));
  architecture.blocks.forEach((block, layer) => {
    for (const { template } of storedTensors(source.path, names, block))
      expected.add(nameOf(layerTensorName(template, layer)));
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
