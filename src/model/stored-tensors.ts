/** The tensors of a block as a file has them: which weights each holds, in which order and which way round. */
import { SubquadError } from "../errors.ts";
import {
  type Block,
  type LayerRole,
  layerShapes,
  spellingOf,
  type TensorNames,
  type Turns,
} from "../families/index.ts";
import { cutApart, lying, type Parts, putTogether, transposedMatrix, wholeShape } from "./fused.ts";
import type { Weight } from "./weights.ts";

/** One tensor of a block; `{expert}` in a template stands for as many as there are. */
export interface StoredTensor {
  /** Its name; `{layer}` stands for the block's number. */
  readonly template: string;
  readonly shape: readonly number[];
  /** The weights it holds, or of one weight the part of one expert. */
  readonly roles: readonly LayerRole[];
  /** Which of how many parts of a weight it is. */
  readonly expert?: { readonly index: number; readonly count: number };
  /** The data of each weight: views where that is possible. */
  read(data: Float32Array): Weight[];
  /** The data of the tensor, from that of each weight. */
  write(parts: readonly Float32Array[]): Float32Array;
}

/** The tensors of a block. Throws a SubquadError where the file has no name for one; `path` is what it calls the file. */
export function storedTensors(path: string, names: TensorNames, block: Block): StoredTensor[] {
  const spelling = spellingOf(names, block);
  const roles = new Map<string, LayerRole[]>();
  const shapes = layerShapes(block);
  for (const role of shapes.keys()) {
    const template = spelling.layer[role];
    if (template === undefined) throw new SubquadError(`${path}: this kind of file has no name for ${role}`);
    roles.set(template, [...(roles.get(template) ?? []), role]);
  }
  const place = (role: LayerRole) => spelling.order?.indexOf(role) ?? 0;
  return [...roles].flatMap(([template, unordered]): StoredTensor[] => {
    const [only] = unordered;
    if (only !== undefined && template.includes("{expert}")) return ofExperts(template, only, shapes.get(only) ?? []);
    const ordered = unordered.toSorted((left, right) => place(left) - place(right));
    const [first] = ordered;
    const own = ordered.map((role) => shapes.get(role) ?? []);
    const lies = ordered.map((role, index) => lying(own[index] ?? [], spelling.lies?.[role]));
    const turns = ordered.length === 1 ? undefined : first && spelling.turns?.[first];
    const straight = wholeShape(
      lies.map(({ shape }) => shape),
      turns === "experts" ? 1 : 0,
    );
    const parts: Parts = { rows: lies.map(({ shape: [rows = 1] }) => rows), turns: turnsOf(block, turns) };
    const [rows = 1, columns = 1] = straight;
    const transposed = names.transposed === true && straight.length === 2;
    const tensor: StoredTensor = {
      template,
      shape: transposed ? [columns, rows] : straight,
      roles: ordered,
      read: (data) =>
        cutApart(transposed ? transposedMatrix(data, columns, rows) : data, parts).map((part, index) => ({
          dtype: "float32",
          shape: own[index] ?? [],
          data: lies[index]?.read(part) ?? part,
        })),
      write: (given) => {
        const turned = given.map((part, index) => lies[index]?.write(part) ?? part);
        const [only] = turned;
        const data = only !== undefined && turned.length === 1 ? only : putTogether(turned, parts);
        return transposed ? transposedMatrix(data, rows, columns) : data;
      },
    };
    return [tensor];
  });
}

/** A tensor for each expert of a weight `[experts, …]`. */
function ofExperts(template: string, role: LayerRole, [count = 0, ...shape]: readonly number[]): StoredTensor[] {
  return Array.from({ length: count }, (_unused, index) => ({
    template: template.replace("{expert}", String(index)),
    shape,
    roles: [role],
    expert: { index, count },
    read: (data) => [{ dtype: "float32", shape, data }],
    write: ([whole = new Float32Array()]) =>
      whole.subarray((index * whole.length) / count, ((index + 1) * whole.length) / count),
  }));
}

function turnsOf({ heads, groups, keyHeads = groups, mlp }: Block, turns: Turns = 1): number {
  if (typeof turns === "number") return turns;
  return { heads, groups: keyHeads, experts: mlp?.experts?.count ?? 1 }[turns];
}
