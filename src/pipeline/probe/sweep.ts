/** A teacher with one layer after another exchanged, on one sequence: what the models have in common is run once. */
import type { ForwardPass } from "../../inference/forward.ts";
import type { FloatTensor } from "../../runtime/index.ts";

/** What a sweep is given. */
export interface Sweep {
  readonly teacher: ForwardPass;
  /** The model that layers are taken from, with their weights; of the teacher's sizes, on the same engine. */
  readonly student: ForwardPass;
  /** The layers to exchange, each alone. */
  readonly layers: readonly number[];
  readonly signal?: AbortSignal;
  /** Called after each block that was run. */
  readonly onBlock?: () => void;
}

/**
 * The streams after the last layer, `[1, length, hidden]`: of the teacher with each of the layers exchanged, in their order,
 * and at last of the teacher itself (`layer` undefined).
 *
 * Up to an exchanged layer the stream is the teacher's own, so each model branches off the teacher's pass there: half the
 * work of whole models, and two streams in memory, whatever the number of layers.
 */
export async function* sweep(
  { teacher, student, layers, signal, onBlock }: Sweep,
  ids: ArrayLike<number>,
): AsyncGenerator<{ readonly layer: number | undefined; readonly x: FloatTensor }> {
  const count = teacher.model.mixers.length;
  const run = async (forward: ForwardPass, layer: number, x: FloatTensor) => {
    signal?.throwIfAborted();
    const y = await forward.block(layer, x);
    onBlock?.();
    return y;
  };
  let stream = await teacher.embed({ ids, batch: 1, length: ids.length });
  for (let layer = 0; layer < count; layer++) {
    if (layers.includes(layer)) {
      let branch = await run(student, layer, stream);
      for (let later = layer + 1; later < count; later++) branch = await run(teacher, later, branch);
      yield { layer, x: branch };
    }
    stream = await run(teacher, layer, stream);
  }
  yield { layer: undefined, x: stream };
}

/** Blocks that a sweep of one sequence runs. */
export function sweptBlocks(count: number, layers: readonly number[]): number {
  return layers.reduce((sum, layer) => sum + count - layer, count);
}
