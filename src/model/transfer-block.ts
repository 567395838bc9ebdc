/** Attention transfer: a student layer learns the outputs of the teacher's attention from the same queries, keys and values. */
import { type Architecture, layerShapes } from "../families/index.ts";
import { gradient, mean, multiply, type Program, program, reshape, subtract, type Value } from "../graph/index.ts";
import { chunked, type MixerSpec } from "../mixers/index.ts";
import { attentionInputs, blockOutput } from "./block.ts";
import { blockInputs, mixerInputs, softmaxMixer } from "./mixer-block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** What a transfer program returns. */
export interface TransferPlan {
  readonly mixer: MixerSpec;
  /** Factor of the mean squared error (published: 1000). */
  readonly scale: number;
  /** Names of the mixer's parameters whose `gradient.NAME` is returned too. */
  readonly trained: readonly string[];
}

/**
 * `x`, `cos`, `sin`, one layer's weights and `mixer.NAME` parameters → `y`, the TEACHER's stream after the block (so that
 * every layer learns from the teacher's own states), and `error`, the mean squared error of the per-head outputs before
 * the output projection (LoLCATs, arXiv 2410.10254, equation 8), with its scaled gradients.
 */
export function transferBlockProgram(
  architecture: Architecture,
  { mixer, scale, trained }: TransferPlan,
  batch: number,
  length: number,
): Program {
  const { x, angles } = blockInputs(architecture, batch, length);
  const weights = weightInputs(layerShapes(architecture));
  const project = denseProjection(weights);
  const pieces = attentionInputs(x, weights, project, angles, architecture);
  const parameters = mixerInputs(mixer, architecture);
  const teacher = softmaxMixer(pieces, architecture);
  const difference = subtract(chunked(mixer, { ...pieces, parameters }).output, teacher);
  const error = reshape(mean(multiply(difference, difference)), []);
  const outputs: Record<string, Value> = { y: blockOutput(x, teacher, weights, project, architecture), error };
  const variables = trained.flatMap((name) => parameters[name] ?? []);
  gradient(multiply(error, scale), variables).forEach((value, index) => {
    outputs[`gradient.${trained[index]}`] = value;
  });
  return program(outputs);
}
