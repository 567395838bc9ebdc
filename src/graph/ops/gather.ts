/** Reading rows and elements by index, and adding back to them. */
import { formatShape, type Shape, sameShape } from "../type.ts";
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";

const rowsOperation: Operation = {
  name: "rows",
  infer: (inputs) => {
    const [table, indices] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1)];
    requireDType(indices, "int64", "int32");
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  gradient: (backward, g) => {
    const [table, indices] = [inputOf(backward, 0), inputOf(backward, 1)];
    return [g.addRows(backward.gradient, indices, table.shape), undefined];
  },
  emit: (emitter, node) => emitter.node("Gather", emitter.inputs(node), emitter.outputs(node), { axis: 0 }),
};

/** Rows of a table `[count, …]` at integer indices of any shape: an embedding. */
export function rows(table: Value, indices: Value): Value {
  return applyOne(rowsOperation, [table, indices], {});
}

/** Attributes of `addRows`: the table's shape. */
export interface AddRowsAttributes {
  readonly shape: Shape;
}

const addRowsOperation: Operation<AddRowsAttributes> = {
  name: "addRows",
  infer: (inputs, { shape }) => {
    const [updates, indices] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1)];
    if (!sameShape(updates.shape, [...indices.shape, ...shape.slice(1)])) {
      throw new Error(`updates ${formatShape(updates.shape)} do not fit rows of ${formatShape(shape)}`);
    }
    return [{ dtype: updates.dtype, shape }];
  },
  gradient: (backward, g) => [g.rows(backward.gradient, inputOf(backward, 1)), undefined],
  emit: (emitter, node, { shape }) => {
    const [updates = "", indices = ""] = emitter.inputs(node);
    const [zeros, columns] = [emitter.temporary(), emitter.temporary()];
    emitter.node("Expand", [emitter.scalar(0), emitter.integers(shape)], [zeros]);
    emitter.node("Unsqueeze", [indices, emitter.integers([-1])], [columns]);
    emitter.node("ScatterND", [zeros, columns, updates], emitter.outputs(node), { reduction: "add" });
  },
};

/** A zero table of the given shape with `updates` added at the rows `indices` (int64): the gradient of `rows`. */
export function addRows(updates: Value, indices: Value, shape: Shape): Value {
  return applyOne(addRowsOperation, [updates, indices], { shape });
}

const pickOperation: Operation = {
  name: "pick",
  infer: (inputs) => {
    const [x, indices] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1)];
    requireDType(indices, "int64");
    if (!sameShape(indices.shape, [...x.shape.slice(0, -1), 1])) {
      throw new Error(
        `indices ${formatShape(indices.shape)} do not name one element per row of ${formatShape(x.shape)}`,
      );
    }
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  gradient: (backward, g) => {
    const [x, indices] = [inputOf(backward, 0), inputOf(backward, 1)];
    const count = x.shape.at(-1) ?? 1;
    const columns = g.integers(Array.from({ length: count }, (_unused, column) => column));
    return [g.where(g.equal(columns, indices), backward.gradient, 0), undefined];
  },
  emit: (emitter, node) => emitter.node("GatherElements", emitter.inputs(node), emitter.outputs(node), { axis: -1 }),
};

/** One element of each row of the last axis: x `[…, count]`, indices `[…, 1]` int64. */
export function pick(x: Value, indices: Value): Value {
  return applyOne(pickOperation, [x, indices], {});
}
