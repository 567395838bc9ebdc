/** Tensors that hold several weights of a block: cut apart at load, put together again where they are written. */
import type { TensorNames } from "../families/index.ts";

/** A tensor's parts: rows of each, and how many times they take turns. */
export interface Parts {
  readonly rows: readonly number[];
  /** 1: each part is whole. */
  readonly turns: number;
}

/** How weights of the given shapes share a tensor; heads are `headDim` rows. */
export function partsOf(
  shapes: readonly (readonly number[])[],
  { parts = "whole" }: Pick<TensorNames, "parts">,
  headDim: number,
): Parts {
  const rows = shapes.map(([count = 1]) => count);
  return { rows, turns: parts === "whole" || rows.length === 1 ? 1 : Math.min(...rows) / headDim };
}

/** The shape of the tensor that holds all parts, as a file has it. */
export function wholeShape(shapes: readonly (readonly number[])[], transposed: boolean): readonly number[] {
  const [, ...rest] = shapes[0] ?? [];
  const rows = shapes.reduce((sum, [count = 1]) => sum + count, 0);
  return transposed ? [...rest, rows] : [rows, ...rest];
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
