/** Token shift: projections that read a learned mix of each token's normed stream and the one before it (arXiv 2305.13048). */
import { type Block, type StreamMatrix, type Sublayer, shiftsOf } from "../families/index.ts";
import {
  add,
  concat,
  multiply,
  reshape,
  scalar,
  slice,
  subtract,
  type TensorType,
  type Value,
} from "../graph/index.ts";
import { newest } from "../mixers/index.ts";
import type { BlockCall, Left } from "./call.ts";
import { weightOf } from "./projection.ts";

const sublayers = ["attention", "mlp"] as const satisfies readonly Sublayer[];
const stateName = (sublayer: Sublayer) => `shift.${sublayer}`;

/** What a sublayer's projections read. */
export interface Shifted {
  /** What the matrix of a role reads, `[batch, length, hidden]`. */
  read(role: StreamMatrix): Value;
  readonly left: Left;
}

/** The tensors that shifts carry, by name: the last token's normed stream of each sublayer that has some. */
export function shiftState(block: Block, batch: number): Record<string, TensorType> {
  const shifted = sublayers.filter((sublayer) => shiftsOf(block, sublayer).length > 0);
  const type: TensorType = { dtype: "float32", shape: [batch, 1, block.hiddenSize] };
  return Object.fromEntries(shifted.map((sublayer) => [stateName(sublayer), type]));
}

/** What the projections of a sublayer read of its normed stream `[batch, length, hidden]`. */
export function shifted(normal: Value, sublayer: Sublayer, { block, weights, past }: BlockCall): Shifted {
  const roles = shiftsOf(block, sublayer);
  if (roles.length === 0) return { read: () => normal, left: {} };
  const [batch = 1, length = 1, hidden = 1] = normal.shape;
  const first = past?.parts[stateName(sublayer)] ?? scalar(0, [batch, 1, hidden]);
  const all = concat([first, normal], 1);
  const before = slice(all, 1, 0, length);
  const mixed = (role: StreamMatrix) =>
    add(before, multiply(subtract(normal, before), weightOf(weights, `${role}Shift`)));
  const last = () => reshape(newest(reshape(all, [batch, 1, length + 1, hidden]), 1, past?.count), [batch, 1, hidden]);
  return {
    read: (role) => (roles.includes(role) ? mixed(role) : normal),
    left: past === undefined ? {} : { [stateName(sublayer)]: last() },
  };
}
