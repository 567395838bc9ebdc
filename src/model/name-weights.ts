/** A model's weights under the names of their family's checkpoints. */
import {
  type Architecture,
  beginRoles,
  blockOf,
  endRoles,
  inverseRows,
  layerTensorName,
  type ModelRole,
  type TensorNames,
} from "../families/index.ts";
import { partsOf, putTogether, transposedMatrix, wholeShape } from "./fused.ts";
import { tensorsOf } from "./read-weights.ts";
import { reordered, rowsOfBlock } from "./rotary-order.ts";
import type { ModelWeights, Weight } from "./weights.ts";

/** Every weight with its tensor name, in file order: what `readWeights` reads again. */
export function namedWeights(
  weights: ModelWeights,
  names: TensorNames,
  architecture: Architecture,
): [name: string, weight: Weight][] {
  const entries: [name: string, weight: Weight][] = [];
  const end = (role: ModelRole) => {
    const [name, weight] = [names.model[role], weights[role]];
    if (name !== undefined && weight !== undefined) entries.push([name, weight]);
  };
  for (const role of beginRoles) end(role);
  weights.layers.forEach((layer, index) => {
    const block = blockOf(architecture, index);
    const rows = rowsOfBlock(architecture, block, names.rotary);
    const stored = reordered(layer, rows && inverseRows(rows));
    for (const [template, roles] of tensorsOf({ path: architecture.family }, names, block)) {
      const held = [...roles.keys()].flatMap((role) => stored[role] ?? []);
      const shapes = held.map(({ shape }) => shape);
      if (held.length > 0)
        entries.push([layerTensorName(template, index), together(held, names, block.headDim, shapes)]);
    }
  });
  for (const role of endRoles) if (role !== "head" || !architecture.tiedHead) end(role);
  return entries;
}

function together(
  held: readonly Weight[],
  names: TensorNames,
  headDim: number,
  shapes: readonly (readonly number[])[],
): Weight {
  const [first] = held;
  const transposed = names.transposed === true && (shapes[0] ?? []).length === 2;
  if (first !== undefined && held.length === 1 && !transposed) return first;
  const data = putTogether(
    held.map((part) => part.data),
    partsOf(shapes, names, headDim),
  );
  const [rows = 1, columns = 1] = wholeShape(shapes, false);
  return {
    dtype: "float32",
    shape: wholeShape(shapes, transposed),
    data: transposed ? transposedMatrix(data, rows, columns) : data,
  };
}
