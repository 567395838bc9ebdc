/** A block over a whole sequence with any token mixer: softmax attention in a teacher, its replacement in a student. */
import { type Block, layerShapes, layerSizes } from "../families/index.ts";
import { input, multiply, type Program, program, type Value } from "../graph/index.ts";
import { type Angles, anglesOf, chunked, type MixerSpec, mixerParameters } from "../mixers/index.ts";
import { attentionInputs, blockOutput } from "./block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** What to take away from converted layers: factors of the window's and the state's weight, or of the whole output. */
export interface Ablation {
  readonly window?: number;
  readonly linear?: number;
  /** 0 leaves the residual stream and the MLP alone. */
  readonly output?: number;
}

/** The factors of a layer's branches. A window alone keeps its weight: there is nothing else to take it. */
export function branchFactors(
  { state }: MixerSpec,
  { window = 1, linear = 1 }: Ablation,
): { readonly window: number; readonly linear: number } {
  return { window: state === undefined ? 1 : window, linear };
}

/** The stream and the rotary tables every block program reads: `x` `[batch, length, hidden]`, `cos`, `sin` `[length, dim/2]`. */
export function blockInputs(
  { hiddenSize, headDim }: Block,
  batch: number,
  length: number,
): { x: Value; angles: Angles } {
  const table = [length, headDim / 2];
  return { x: input("x", [batch, length, hiddenSize]), angles: anglesOf((name) => input(name, table)) };
}

/** Inputs for a mixer's parameters, by parameter name; they are called `mixer.NAME`, or otherwise by `prefix`. */
export function mixerInputs(spec: MixerSpec, block: Block, prefix = "mixer."): Record<string, Value> {
  const parameters = mixerParameters(spec, layerSizes(block));
  return Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, input(prefix + name, shape)]));
}

/** `x`, `cos`, `sin`, one layer's weights by role and `mixer.NAME` → `y`, the stream after the block. */
export function mixerBlockProgram(
  block: Block,
  spec: MixerSpec,
  batch: number,
  length: number,
  ablation: Ablation = {},
): Program<"y"> {
  const { x, angles } = blockInputs(block, batch, length);
  const weights = weightInputs(layerShapes(block));
  const call = { block, weights, project: denseProjection(weights), angles };
  const pieces = attentionInputs(x, call, spec.rope);
  const parameters = mixerInputs(spec, block);
  const mixed = chunked(spec, { ...pieces.mixer, parameters, ablation: branchFactors(spec, ablation) }).output;
  return program({ y: blockOutput(x, multiply(mixed, ablation.output ?? 1), pieces, call).stream });
}
