/** How much of a layer's token mixing comes from its recurrent part. */
import { type Block, layerShapes } from "../families/index.ts";
import { mean, type Program, program, reshape } from "../graph/index.ts";
import { linearShares, type MixerSpec } from "../mixers/index.ts";
import { attentionInputs } from "./block.ts";
import { blockInputs, mixerInputs } from "./mixer-block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** The inputs of a block program → `share`, the mean over heads and tokens of the mixer's `linearShares`. */
export function shareProgram(block: Block, spec: MixerSpec, batch: number, length: number): Program<"share"> {
  const { x, angles } = blockInputs(block, batch, length);
  const weights = weightInputs(layerShapes(block));
  const pieces = attentionInputs(x, { block, weights, project: denseProjection(weights), angles }, spec.rope);
  const shares = linearShares(spec, { ...pieces.mixer, parameters: mixerInputs(spec, block) });
  return program({ share: reshape(mean(shares), []) });
}
