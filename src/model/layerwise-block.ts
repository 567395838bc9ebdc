/** A student's block that learns apart: losses beside what a teacher's block told, and their gradients, in one program. */
import { type Block, layerSizes } from "../families/index.ts";
import { add, gradient, input, multiply, type Program, program, type Value } from "../graph/index.ts";
import { salienceLoss } from "./salience-loss.ts";
import { type StudentBlockPlan, studentBlock } from "./student-block.ts";
import type { BlockTap } from "./teacher-block.ts";
import { squaredError, weightsLoss } from "./transfer-block.ts";

/** Factors of the terms a layer learns from; a term of factor 0 is left out. */
export interface LayerLoss {
  /** Squared error of the heads' outputs. */
  readonly outputs: number;
  /** Cross-entropy between attention weights. */
  readonly weights: number;
  /** Squared error of what attention adds to the stream. */
  readonly mixed: number;
  /** Squared error of the stream after the block. */
  readonly stream: number;
  /** Squared error of what a window's tokens are worth. */
  readonly salience: number;
}

/** The names of a layer's terms. */
export const layerTerms = ["outputs", "weights", "mixed", "stream", "salience"] as const satisfies (keyof LayerLoss)[];

/** What a teacher must tell for a loss. */
export function tapsFor(loss: LayerLoss): BlockTap[] {
  const taps: [number, BlockTap][] = [
    [loss.outputs, "attended"],
    [loss.mixed, "mixed"],
    [loss.stream, "y"],
  ];
  return taps.flatMap(([factor, tap]) => (factor > 0 ? [tap] : []));
}

/** What a layerwise program computes. */
export interface LayerwiseBlockPlan extends StudentBlockPlan {
  readonly loss: LayerLoss;
  /** Also return `y`, the student's stream after the block. */
  readonly stream: boolean;
}

/**
 * The inputs of a student's block and the teacher's `attended`, `mixed` and `y` as `teacher.NAME` where the loss reads them →
 * each term by its name, `gradient.NAME` of their weighted sum, and `y` where asked.
 */
export function layerwiseProgram(block: Block, plan: LayerwiseBlockPlan, batch: number, length: number): Program {
  const { loss } = plan;
  const { inputs, heads, attention, y, variables } = studentBlock(block, plan, batch, length);
  const told = (tap: BlockTap, like: Value) => input(`teacher.${tap}`, like.shape);
  const terms: Record<keyof LayerLoss, () => Value> = {
    outputs: () => squaredError(heads, told("attended", heads)),
    weights: () => weightsLoss(plan.mixer, block.mixer, inputs, layerSizes(block, batch, length)),
    mixed: () => squaredError(attention, told("mixed", attention)),
    stream: () => squaredError(y, told("y", y)),
    salience: () => salienceLoss(plan.mixer, block.mixer, inputs, layerSizes(block, batch, length)),
  };
  const counted = layerTerms.filter((name) => loss[name] > 0).map((name) => [name, terms[name]()] as const);
  const total = counted.map(([name, term]) => multiply(term, loss[name])).reduce(add);
  const outputs: Record<string, Value> = Object.fromEntries(counted);
  gradient(total, variables).forEach((value, index) => {
    outputs[`gradient.${plan.trained[index]}`] = value;
  });
  return program(plan.stream ? { ...outputs, y } : outputs);
}
