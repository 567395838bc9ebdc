/** The interpreter's product with 8-bit weights: the integers times their scales, the other operand as it is. */
import { fill, type Kernel, take } from "./loops.ts";

/** x · (W · scale). */
export const quantizedMatmul: Kernel = ([x, weights, scale]) => {
  const input = take(x);
  const matrix = take(weights);
  const [inner = 1, columns = 1] = matrix.shape;
  const rows = input.data.length / inner;
  const output = fill([...input.shape.slice(0, -1), columns], 0);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let total = 0;
      for (let k = 0; k < inner; k++)
        total += (input.data[row * inner + k] ?? 0) * (matrix.data[k * columns + column] ?? 0);
      output.data[row * columns + column] = total * (take(scale).data[column] ?? 0);
    }
  }
  return [output];
};
