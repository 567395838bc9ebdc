/**
 * The delta rule over chunks in the WY form (arXiv 2406.06484, section 3.2): with T = (I + A)⁻¹, what a chunk nets to write is
 * V = T u − T p S, its outputs are q S + P V, and its state passes on as (diag α − kᵀ T p) S + kᵀ T u.
 */
import {
  add,
  exp,
  linearScan,
  matmul,
  multiply,
  numbers,
  subtract,
  type Value,
  withGradient,
} from "../../graph/index.ts";
import { outer, swapLast } from "./parts.ts";
import { unitLowerInverse } from "./triangle.ts";

/** Chunks of an erasing state, all `[chunks, batch, heads, rows, width]`. */
export interface ErasingChunks {
  /** A: how much of each earlier token's write a token erases, strictly lower `[…, rows, rows]`. */
  readonly erases: Value;
  /** P: how much of each token's net write a query reads, lower `[…, rows, rows]`. */
  readonly reads: Value;
  /** u. */
  readonly written: Value;
  /** p, faded from the chunk's beginning. */
  readonly erase: Value;
  /** q, faded from the chunk's beginning. */
  readonly queries: Value;
  /** k, faded to the chunk's end. */
  readonly keys: Value;
  /** log α of the whole chunk `[…, 1, features or 1]`; absent for none. */
  readonly whole: Value | undefined;
  /** The state before the first chunk, `[batch, heads, features, columns]`. */
  readonly initial: Value;
}

/** Outputs `[chunks, batch, heads, rows, columns]` and the state after the last chunk. */
export interface Erased {
  readonly output: Value;
  readonly final: Value;
}

/** The outputs and the last state; the outputs' gradient is written by hand: half the products that reverse mode finds. */
export function erasingScan(chunks: ErasingChunks): Erased {
  const { erases, reads, written, erase, queries, keys, whole, initial } = chunks;
  const inverse = unitLowerInverse(erases);
  const ofState = matmul(inverse, erase);
  const own = matmul(inverse, written);
  const pass = passing(whole, outer(keys, ofState));
  const states = linearScan(pass, outer(keys, own), initial, { matrix: true });
  const net = subtract(own, matmul(ofState, states.before));
  const output = add(matmul(queries, states.before), matmul(reads, net));
  const sources = [erases, reads, written, erase, queries, keys, initial, ...(whole ? [whole] : [])];
  const ruled = withGradient(output, sources, (upstream, g) => {
    const ofNet = g.matmul(reads, upstream, { transposeA: true });
    const ofStates = g.subtract(
      g.matmul(queries, upstream, { transposeA: true }),
      g.matmul(ofState, ofNet, { transposeA: true }),
    );
    const none = g.scalar(0, initial.shape);
    const back = g.linearScan(pass, ofStates, none, { matrix: true, reverse: true, transposed: true });
    const after = back.before;
    const solved = g.matmul(inverse, g.add(ofNet, g.matmul(keys, after)), { transposeA: true });
    const gradients = [
      g.matmul(solved, net, { transposeB: true, scale: -1 }),
      g.matmul(upstream, net, { transposeB: true }),
      solved,
      g.matmul(solved, states.before, { transposeB: true, scale: -1 }),
      g.matmul(upstream, states.before, { transposeB: true }),
      g.matmul(net, after, { transposeB: true }),
      back.final,
    ];
    if (whole === undefined) return gradients;
    const kept = swapLast(g.sum(g.multiply(after, states.before), [-1]));
    return [...gradients, g.sumTo(g.multiply(kept, g.exp(whole)), whole.shape)];
  });
  return { output: ruled, final: states.final };
}

/** diag(α of the whole chunk) − what is erased of the state, for every chunk. */
function passing(whole: Value | undefined, erased: Value): Value {
  const size = erased.shape.at(-1) ?? 1;
  const identity = numbers(
    Array.from({ length: size * size }, (_unused, index) => Number(index % size === Math.floor(index / size))),
    [size, size],
  );
  return subtract(whole === undefined ? identity : multiply(identity, exp(whole)), erased);
}
