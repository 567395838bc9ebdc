/** How much of a mixer's attention weight its recurrent part carries. */
import { type Architecture, layerShapes } from "../families/index.ts";
import { divide, maximum, mean, multiply, type Program, program, reshape, subtract, sum } from "../graph/index.ts";
import { chunked, type MixerSpec } from "../mixers/index.ts";
import { attentionInputs } from "./block.ts";
import { blockInputs, mixerInputs } from "./mixer-block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** Takes all weight from the window, but leaves tokens that have nothing else their output. */
const linearOnly = { window: 1e-9 };

/**
 * The inputs of a block program → `share`, the mean over heads and tokens of the weight outside the window. With one
 * normaliser the output y lies between the window's own yʷ and the linear part's yˡ: y = (1 − s) yʷ + s yˡ gives s.
 */
export function shareProgram(
  architecture: Architecture,
  spec: MixerSpec,
  batch: number,
  length: number,
): Program<"share"> {
  const { x, angles } = blockInputs(architecture, batch, length);
  const weights = weightInputs(layerShapes(architecture));
  const pieces = attentionInputs(x, weights, denseProjection(weights), angles, architecture, spec.rope);
  const inputs = { ...pieces, parameters: mixerInputs(spec, architecture) };
  const both = chunked(spec, inputs).output;
  const window = chunked(spec, { ...inputs, ablation: { linear: 0 } }).output;
  const linear = chunked(spec, { ...inputs, ablation: linearOnly }).output;
  const apart = subtract(linear, window);
  const along = sum(multiply(subtract(both, window), apart), [-1]);
  const size = sum(multiply(apart, apart), [-1]);
  // Tokens without a linear part have yˡ = yʷ: their share is 0 by the floor of the divisor.
  const share = divide(along, maximum(size, 1e-12));
  return program({ share: reshape(mean(mean(share, [-2])), []) });
}
