/** The interpreter's matrix product. */
import { broadcastShapes, type MatmulAttributes, stridesOf } from "../../graph/index.ts";
import { broadcastStrides, fill, type Kernel, mapIndices, take } from "./loops.ts";

/** scale · op(a) · op(b) over broadcast batch axes. */
export const matmul: Kernel = (inputs, attributes) => {
  const { transposeA, transposeB, scale } = attributes as MatmulAttributes;
  const [a, b] = [take(inputs[0]), take(inputs[1])];
  const [rowsA = 1, columnsA = 1] = a.shape.slice(-2);
  const [rowsB = 1, columnsB = 1] = b.shape.slice(-2);
  const [rows, inner] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const columns = transposeB ? rowsB : columnsB;
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = broadcastShapes(batchA, batchB) ?? [];
  const output = fill([...batch, rows, columns], 0);
  const [strideA, strideB] = [stridesOf(a.shape).slice(-2), stridesOf(b.shape).slice(-2)] as [number[], number[]];
  const [rowA = 0, innerA = 0] = transposeA ? strideA.toReversed() : strideA;
  const [innerB = 0, columnB = 0] = transposeB ? strideB.toReversed() : strideB;
  const startsB: number[] = [];
  mapIndices(batch, broadcastStrides(batchB, batch), (_offset, matrix) => startsB.push(matrix * rowsB * columnsB));
  mapIndices(batch, broadcastStrides(batchA, batch), (place, matrix) => {
    const startA = matrix * rowsA * columnsA;
    const startB = startsB[place] ?? 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let total = 0;
        for (let k = 0; k < inner; k++) {
          total +=
            (a.data[startA + row * rowA + k * innerA] ?? 0) * (b.data[startB + k * innerB + column * columnB] ?? 0);
        }
        output.data[(place * rows + row) * columns + column] = scale * total;
      }
    }
  });
  return [output];
};
