/** How much memory a stack's activations take, and which layers to recompute to stay within a budget. */

import type { Block } from "../families/index.ts";
import { bytesOf } from "../graph/index.ts";
import { type TrainingBlockPlan, trainingBlock } from "../model/training-block.ts";

/** Bytes of activations per layer while the backward pass is awaited. */
export interface ActivationBytes {
  /** With costly values saved. */
  readonly saved: number;
  /** With the block's input alone. */
  readonly recomputed: number;
}

/** What one layer keeps at a batch and length. */
export function activationBytes(
  block: Block,
  plan: Omit<TrainingBlockPlan, "activations">,
  batch: number,
  length: number,
): ActivationBytes {
  const { forward, saved } = trainingBlock(block, { ...plan, activations: "saved" }, batch, length);
  const input = 4 * batch * length * block.hiddenSize;
  const kept = saved.reduce((total, name) => {
    const value = forward.outputs[name];
    return total + (value === undefined ? 0 : bytesOf(value));
  }, 0);
  return { saved: input + kept, recomputed: input };
}

/** How many layers to recompute so that all layers' activations fit a budget in bytes, if recomputing can. */
export function layersToRecompute(perLayer: ActivationBytes, layers: number, budget: number): number {
  const gained = perLayer.saved - perLayer.recomputed;
  const excess = layers * perLayer.saved - budget;
  if (excess <= 0 || gained <= 0) return 0;
  return Math.min(layers, Math.ceil(excess / gained));
}
