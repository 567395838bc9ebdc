/** Frozen weights in 8 bits: integers with a scale per column, and the transpose likewise. */
import { projectionRoles } from "../model/projection.ts";
import type { LayerWeights, Weight } from "../model/weights.ts";
import { floats, type Tensor } from "../runtime/index.ts";

/** The parts of each projection's weight, by the names quantized programs read. */
export function quantizeLayer(weights: LayerWeights): Record<string, Tensor> {
  const parts: Record<string, Tensor> = {};
  for (const role of projectionRoles) {
    const weight = weights[role];
    if (weight === undefined) continue;
    const [out = 0, width = 0] = weight.shape;
    // W is stored [out, in]: its rows are the columns of the forward product's [in, out].
    const forward = quantizeColumns(weight.data, width, out, (row, column) => column * width + row);
    const backward = quantizeColumns(weight.data, out, width, (row, column) => row * width + column);
    parts[`${role}.forward`] = forward.integers;
    parts[`${role}.forwardScale`] = forward.scales;
    parts[`${role}.backward`] = backward.integers;
    parts[`${role}.backwardScale`] = backward.scales;
  }
  return parts;
}

/** A matrix `[rows, columns]`, read through `at`, as integers −127 to 127 times a scale per column. */
function quantizeColumns(
  data: Weight["data"],
  rows: number,
  columns: number,
  at: (row: number, column: number) => number,
): { integers: Tensor; scales: Tensor } {
  const integers = new Int8Array(rows * columns);
  const scales = new Float32Array(columns);
  for (let column = 0; column < columns; column++) {
    let largest = 0;
    for (let row = 0; row < rows; row++) largest = Math.max(largest, Math.abs(data[at(row, column)] ?? 0));
    const scale = largest / 127 || 1;
    scales[column] = scale;
    for (let row = 0; row < rows; row++)
      integers[row * columns + column] = Math.round((data[at(row, column)] ?? 0) / scale);
  }
  return {
    integers: { dtype: "int8", shape: [rows, columns], data: integers },
    scales: floats([columns], scales),
  };
}
