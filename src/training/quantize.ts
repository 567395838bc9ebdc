/** Frozen weights in 8 bits: integers with a scale per column, and the transpose likewise. */
import { projectionRoles } from "../model/projection.ts";
import type { LayerWeights, Weight } from "../model/weights.ts";
import { floats, type Tensor } from "../runtime/index.ts";

/** Each projection's weight as quantized programs read it; with its transpose where gradients pass. */
export function quantizeLayer(weights: LayerWeights, { transposed }: { transposed: boolean }): Record<string, Tensor> {
  const parts: Record<string, Tensor> = {};
  for (const role of projectionRoles) {
    const weight = weights[role];
    if (weight === undefined) continue;
    Object.assign(parts, quantizeMatrix(role, weight));
    if (!transposed) continue;
    const [out = 0, width = 0] = weight.shape;
    Object.assign(
      parts,
      named(
        `${role}.transposed`,
        quantizeColumns(weight.data, out, width, (row, column) => row * width + column),
      ),
    );
  }
  return parts;
}

/** A weight `[out, in]` as the inputs `NAME.integers` `[in, out]` and `NAME.scales` `[out]`. */
export function quantizeMatrix(name: string, { shape, data }: Weight): Record<string, Tensor> {
  const [out = 0, width = 0] = shape;
  return named(
    name,
    quantizeColumns(data, width, out, (row, column) => column * width + row),
  );
}

function named(name: string, { integers, scales }: { integers: Tensor; scales: Tensor }): Record<string, Tensor> {
  return { [`${name}.integers`]: integers, [`${name}.scales`]: scales };
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
