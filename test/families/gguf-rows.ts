/** What llama.cpp's converter does to the rows of matrices. */
import type { Tensor } from "./gguf-writer.ts";

/** Rows of heads of `heads` whose pairs stood half a head apart, so that they stand side by side. */
export function permuted({ shape, data }: Tensor, heads: number): Tensor {
  const [rows = 1] = shape;
  const [width, dim] = [data.length / rows, rows / heads];
  const result = new Float32Array(data.length);
  for (let head = 0; head < heads; head++)
    for (let row = 0; row < dim; row++) {
      const from = head * dim + (row % 2) * (dim / 2) + Math.floor(row / 2);
      result.set(data.subarray(from * width, (from + 1) * width), (head * dim + row) * width);
    }
  return { shape, data: result };
}

/** Rows of queries, keys and values that took turns for each of `groups`, each kind together. */
export function gathered({ shape, data }: Tensor, groups: number, dim: number): Tensor {
  const [rows = 1] = shape;
  const [width, each] = [data.length / rows, rows / groups / dim];
  const kinds = [[], [], []] as [number[], number[], number[]];
  for (let block = 0; block < rows / dim; block++) kinds[Math.max(0, (block % each) - each + 3)]?.push(block);
  const size = dim * width;
  const parts = kinds.flat().map((block) => data.subarray(block * size, (block + 1) * size));
  return { shape, data: Float32Array.from(parts.flatMap((part) => [...part])) };
}

/** A matrix the other way round. */
export function transposed({ shape, data }: Tensor): Tensor {
  const [rows = 1, columns = 1] = shape;
  const at = (index: number) => data[(index % rows) * columns + Math.floor(index / rows)] ?? 0;
  return { shape: [columns, rows], data: Float32Array.from(data, (_unused, index) => at(index)) };
}
