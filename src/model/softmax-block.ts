/** The unconverted block: the teacher's forward pass. */
import { type Architecture, layerShapes } from "../families/index.ts";
import { causalAttention, input, type Program, program, type Value } from "../graph/index.ts";
import { type Angles, type AttentionInputs, attentionInputs, blockOutput } from "./block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** The stream and the rotary tables every block program reads: `x` `[batch, length, hidden]`, `cos`, `sin` `[length, dim/2]`. */
export function blockInputs(
  { hiddenSize, headDim }: Architecture,
  batch: number,
  length: number,
): { x: Value; angles: Angles } {
  const table = [length, headDim / 2];
  return { x: input("x", [batch, length, hiddenSize]), angles: { cos: input("cos", table), sin: input("sin", table) } };
}

/** The teacher's token mixer: causal softmax attention, fused. */
export function softmaxMixer({ queries, keys, values }: AttentionInputs, { headDim }: Architecture): Value {
  return causalAttention(queries, keys, values, { scale: headDim ** -0.5 });
}

/** `x`, `cos`, `sin` and one layer's weights by role → `y`, the stream after the block. */
export function softmaxBlockProgram(architecture: Architecture, batch: number, length: number): Program<"y"> {
  const { x, angles } = blockInputs(architecture, batch, length);
  const weights = weightInputs(layerShapes(architecture));
  const project = denseProjection(weights);
  const mixed = softmaxMixer(attentionInputs(x, weights, project, angles, architecture), architecture);
  return program({ y: blockOutput(x, mixed, weights, project, architecture) });
}
