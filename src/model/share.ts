/** How much of a layer's token mixing comes from its recurrent part. */
import { type Architecture, layerShapes } from "../families/index.ts";
import { mean, type Program, program, reshape } from "../graph/index.ts";
import { linearShares, type MixerSpec } from "../mixers/index.ts";
import { attentionInputs } from "./block.ts";
import { blockInputs, mixerInputs } from "./mixer-block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** The inputs of a block program → `share`, the mean over heads and tokens of the mixer's `linearShares`. */
export function shareProgram(
  architecture: Architecture,
  spec: MixerSpec,
  batch: number,
  length: number,
): Program<"share"> {
  const { x, angles } = blockInputs(architecture, batch, length);
  const weights = weightInputs(layerShapes(architecture));
  const pieces = attentionInputs(x, weights, denseProjection(weights), angles, architecture, spec.rope);
  const shares = linearShares(spec, { ...pieces, parameters: mixerInputs(spec, architecture) });
  return program({ share: reshape(mean(shares), []) });
}
