/** The two row orders of rotary query and key projections. */
import { SubquadError } from "../errors.ts";

/**
 * Rows of a query or key projection `[heads * headDim, columns]` (or bias `[heads * headDim]`) from adjacent rotary
 * pairs (2i, 2i + 1), as llama2.c and GGUF files of architecture `llama` keep them, to the half-rotated order
 * (i, i + headDim / 2) of Hugging Face checkpoints. Returns new memory; throws where `rows` is not `heads` even heads.
 */
export function rowsFromInterleaved(data: Float32Array, heads: number, rows: number): Float32Array<ArrayBuffer> {
  const headDim = rows / heads;
  const columns = data.length / rows;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0 || !Number.isInteger(columns)) {
    throw new SubquadError(`cannot reorder ${data.length} values as ${rows} rows of ${heads} heads with rotary pairs`);
  }
  const half = headDim / 2;
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const inHead = row % headDim;
    const from = row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
    result.set(data.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return result;
}
