/** Tensors that hold several weights of a block, or hold them otherwise: cut apart at load, put together again where they are written. */
import type { Lie } from "../families/index.ts";

/** A tensor's parts: rows of each, and how many times they take turns. */
export interface Parts {
  readonly rows: readonly number[];
  /** 1: each part is whole. */
  readonly turns: number;
}

/** The shape of a weight as a file has it, and its data either way. */
export interface Lying {
  readonly shape: readonly number[];
  /** From the file's order to that of programs. */
  read(data: Float32Array): Float32Array;
  /** The other way. */
  write(data: Float32Array): Float32Array;
}

const asItIs = (shape: readonly number[]): Lying => ({ shape, read: (data) => data, write: (data) => data });

/** How a weight of a shape lies in a file. */
export function lying(shape: readonly number[], lie: Lie | undefined): Lying {
  const [first = 1, second = 1, ...rest] = shape;
  if (lie === "channels") return asItIs([first * second, 1, ...rest]);
  if (lie === "row") return asItIs([1, 1, ...shape]);
  if (lie === "flat") return asItIs([shape.reduce((product, size) => product * size, 1)]);
  if (lie === undefined) return asItIs(shape);
  // A single head is no axis of a file's.
  const [rows = 1, columns = 1] = shape.slice(-2);
  return {
    shape: [columns, rows],
    read: (data) => transposedMatrix(data, columns, rows),
    write: (data) => transposedMatrix(data, rows, columns),
  };
}

/** The shape of the tensor that holds parts of the given shapes one below the other along an axis. */
export function wholeShape(shapes: readonly (readonly number[])[], axis = 0): readonly number[] {
  const all = shapes.reduce((sum, shape) => sum + (shape[axis] ?? 1), 0);
  return (shapes[0] ?? []).with(axis, all);
}

/** A matrix `[rows, columns]` as `[columns, rows]`. */
export function transposedMatrix(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column] ?? 0;
  return result;
}

/** The parts of a tensor, row-major: views where they are whole. */
export function cutApart(data: Float32Array, { rows, turns }: Parts): Float32Array[] {
  const width = data.length / rows.reduce((sum, count) => sum + count, 0);
  let start = 0;
  if (turns === 1) {
    return rows.map((count) => {
      start += count * width;
      return data.subarray(start - count * width, start);
    });
  }
  const results = rows.map((count) => new Float32Array(count * width));
  for (let turn = 0; turn < turns; turn++)
    for (const [part, count] of rows.entries()) {
      const size = (count / turns) * width;
      results[part]?.set(data.subarray(start, start + size), turn * size);
      start += size;
    }
  return results;
}

/** The tensor of the given parts: what `cutApart` undoes. */
export function putTogether(parts: readonly Float32Array[], { rows, turns }: Parts): Float32Array {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  const width = data.length / rows.reduce((sum, count) => sum + count, 0);
  let start = 0;
  for (let turn = 0; turn < turns; turn++)
    for (const [part, values] of parts.entries()) {
      const size = ((rows[part] ?? 0) / turns) * width;
      data.set(values.subarray(turn * size, (turn + 1) * size), start);
      start += size;
    }
  return data;
}
