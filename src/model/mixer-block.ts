/** A block over a whole sequence with any token mixer: softmax attention in a teacher, its replacement in a student. */
import { type Architecture, layerShapes } from "../families/index.ts";
import { causalAttention, input, multiply, type Program, program, type Value } from "../graph/index.ts";
import { type Angles, anglesOf, chunked, type MixerSpec, mixerParameters } from "../mixers/index.ts";
import { type AttentionInputs, attentionInputs, blockOutput, layerSizes } from "./block.ts";
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
  { hiddenSize, headDim }: Architecture,
  batch: number,
  length: number,
): { x: Value; angles: Angles } {
  const table = [length, headDim / 2];
  return { x: input("x", [batch, length, hiddenSize]), angles: anglesOf((name) => input(name, table)) };
}

/** Inputs for a mixer's parameters, by parameter name; they are called `mixer.NAME`, or otherwise by `prefix`. */
export function mixerInputs(spec: MixerSpec, architecture: Architecture, prefix = "mixer."): Record<string, Value> {
  const parameters = mixerParameters(spec, layerSizes(architecture));
  return Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, input(prefix + name, shape)]));
}

/** The teacher's token mixer: causal softmax attention, fused. */
export function softmaxMixer({ queries, keys, values }: AttentionInputs, { headDim }: Architecture): Value {
  return causalAttention(queries, keys, values, { scale: headDim ** -0.5 });
}

/** `x`, `cos`, `sin`, one layer's weights by role and `mixer.NAME` → `y`, the stream after the block. */
export function mixerBlockProgram(
  architecture: Architecture,
  spec: MixerSpec,
  batch: number,
  length: number,
  ablation: Ablation = {},
): Program<"y"> {
  const { x, angles } = blockInputs(architecture, batch, length);
  const weights = weightInputs(layerShapes(architecture));
  const project = denseProjection(weights);
  const pieces = attentionInputs(x, weights, project, angles, architecture, spec.rope);
  const parameters = mixerInputs(spec, architecture);
  const mixed = chunked(spec, { ...pieces, parameters, ablation: branchFactors(spec, ablation) }).output;
  return program({ y: blockOutput(x, multiply(mixed, ablation.output ?? 1), weights, project, architecture) });
}
