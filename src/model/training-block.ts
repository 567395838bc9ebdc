/** A block as two programs, forward and backward, for training through the whole depth of a model. */
import type { Block } from "../families/index.ts";
import { gradient, input, named, type Program, program, separate, type Value } from "../graph/index.ts";
import { type StudentBlockPlan, studentBlock } from "./student-block.ts";

/** What a block computes, what learns, and what the forward pass keeps. */
export interface TrainingBlockPlan extends StudentBlockPlan {
  /** `saved` keeps the costly values of the forward pass for the backward pass; `recomputed` keeps the block's input alone. */
  readonly activations: "saved" | "recomputed";
}

/** A block's two programs. */
export interface TrainingBlock {
  /** `x`, `cos`, `sin`, weights, adapters, mixer parameters → `y` and the saved values. */
  readonly forward: Program;
  /** The same inputs, `yGradient` and the saved values → `xGradient` and `gradient.NAME` of each trained input. */
  readonly backward: Program;
  /** Names of the values the forward program saves. */
  readonly saved: readonly string[];
}

/** Builds a block's forward and backward programs. */
export function trainingBlock(block: Block, plan: TrainingBlockPlan, batch: number, length: number): TrainingBlock {
  const { x, y: stream, variables } = studentBlock(block, plan, batch, length);
  const y = named(stream, "y");
  const gradients = gradient([{ value: y, gradient: input("yGradient", y.shape) }], [x, ...variables]);
  const backward: Record<string, Value> = {};
  ["xGradient", ...plan.trained.map((name) => `gradient.${name}`)].forEach((name, index) => {
    const value = gradients[index];
    if (value !== undefined) backward[name] = value;
  });
  const keep = plan.activations === "saved" ? undefined : () => false;
  const halves = separate({ y }, backward, keep);
  return {
    forward: program({ ...halves.forward, ...halves.saved }),
    backward: program(halves.backward),
    saved: Object.keys(halves.saved),
  };
}
