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
import { reordered, rowsOfBlock } from "./rotary-order.ts";
import { storedTensors } from "./stored-tensors.ts";
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
    for (const { template, shape, roles, write } of storedTensors(architecture.family, names, block)) {
      const held = roles.flatMap((role) => stored[role] ?? []);
      if (held.length === 0) continue;
      const data = write(held.map((part) => part.data));
      entries.push([layerTensorName(template, index), { dtype: "float32", shape, data }]);
    }
  });
  for (const role of endRoles) if (role !== "head" || !architecture.tiedHead) end(role);
  return entries;
}
