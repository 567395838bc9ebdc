/** Which layers to keep as softmax, so that least is lost and what decoding keeps of a sequence fits a memory. */
import { SubquadError } from "../../errors.ts";
import { bytes as bytesText } from "../../units.ts";

/** What a layer keeps of one sequence. */
export interface LayerBytes {
  readonly layer: number;
  /** As softmax. */
  readonly kvBytes: number;
  /** Linearized; undefined for a layer that must stay softmax. */
  readonly stateBytes: number | undefined;
}

/** A choice of layers. */
export interface LayerPlan {
  /** Layers kept as softmax. */
  readonly softmax: readonly number[];
  /** What all layers together keep of one sequence. */
  readonly bytes: number;
}

/** The least that all layers together can keep: every layer is linearized whose state is smaller than its keys and values. */
export function leastBytes(layers: readonly LayerBytes[]): number {
  return layers.reduce((sum, { kvBytes, stateBytes = kvBytes }) => sum + Math.min(kvBytes, stateBytes), 0);
}

/** Throws a SubquadError where not even the least fits; `length` is the sequence's, in tokens. */
export function requireRoom(layers: readonly LayerBytes[], memory: number, length: number): void {
  const least = leastBytes(layers);
  if (least <= memory) return;
  throw new SubquadError(
    `--memory: ${bytesText(memory)} are too few for a sequence of ${length} tokens: with every layer linearized it takes ${bytesText(least)}`,
  );
}

/**
 * Linearizes every layer whose state is smaller than its keys and values, then takes back those that save the most nats per
 * byte, as long as the memory holds them. `losses` are the nats per token that are lost when a layer alone is linearized.
 * Where all layers are of one kind, no other choice of as many loses less. The memory must hold the least.
 */
export function planLayers(
  layers: readonly LayerBytes[],
  losses: ReadonlyMap<number, number>,
  memory: number,
): LayerPlan {
  const linearized = layers.flatMap(({ layer, kvBytes, stateBytes = kvBytes }) =>
    stateBytes < kvBytes ? [{ layer, cost: kvBytes - stateBytes, loss: losses.get(layer) ?? 0 }] : [],
  );
  let bytes = leastBytes(layers);
  const left = new Set(linearized.map(({ layer }) => layer));
  const worth = linearized.filter(({ loss }) => loss > 0);
  for (const { layer, cost } of worth.toSorted((a, b) => descending(a.loss / a.cost, b.loss / b.cost))) {
    if (bytes + cost > memory) continue;
    left.delete(layer);
    bytes += cost;
  }
  return { softmax: layers.flatMap(({ layer }) => (left.has(layer) ? [] : [layer])), bytes };
}

/** The larger first; also where both are infinite. */
function descending(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1;
}
