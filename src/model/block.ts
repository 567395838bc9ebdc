/** One transformer block, in the three pieces that mixers, teachers and students share. */
import type { Architecture } from "../families/index.ts";
import {
  add,
  integers,
  multiply,
  named,
  reshape,
  rmsNorm,
  rotary,
  silu,
  transpose,
  type Value,
} from "../graph/index.ts";
import type { Angles, MixerSizes, MixerSpec } from "../mixers/index.ts";
import { type LayerValues, type Projection, weightOf } from "./projection.ts";

/** What a token mixer reads: queries `[batch, heads, length, dim]`, keys and values `[batch, groups, length, dim]`. */
export interface AttentionInputs {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
  /** The normed stream that gates are projected from, `hidden` `[batch, length, hidden]`. */
  readonly streams: { readonly hidden: Value };
  readonly angles: Angles;
}

/** The sizes a layer's mixer is built for. */
export function layerSizes({ heads, groups, headDim, hiddenSize }: Architecture, batch = 1, length = 1): MixerSizes {
  return { batch, heads, groups, length, dim: headDim, hidden: hiddenSize };
}

/**
 * Norm, projections and rotary positions: from the stream x `[batch, length, hidden]` to the mixer's inputs. Queries and keys
 * are rotated here where the mixer's `rope` is "before" (as a teacher's is), else left to the mixer.
 */
export function attentionInputs(
  x: Value,
  weights: LayerValues,
  project: Projection,
  angles: Angles,
  { heads, groups, headDim, normEpsilon }: Architecture,
  rope: MixerSpec["rope"] = "before",
): AttentionInputs {
  const [batch = 1, length = 1] = x.shape;
  const normal = rmsNorm(x, weightOf(weights, "attentionNorm"), normEpsilon);
  const split = (value: Value, count: number) =>
    transpose(reshape(value, [batch, length, count, headDim]), [0, 2, 1, 3]);
  const rows = Array.from({ length: batch * length }, (_unused, index) => index % length);
  const positions = reshape(integers(rows), [batch, length]);
  const rotate = (value: Value) => (rope === "before" ? rotary(value, angles.cos, angles.sin, positions) : value);
  return {
    queries: named(rotate(split(project(normal, "queries"), heads)), "queries"),
    keys: named(rotate(split(project(normal, "keys"), groups)), "keys"),
    values: named(split(project(normal, "values"), groups), "values"),
    streams: { hidden: normal },
    angles,
  };
}

/** The heads' outputs `[batch, heads, length, dim]` side by side, `[batch, length, heads · dim]`. */
export function mergeHeads(mixed: Value): Value {
  const [batch = 1, heads = 1, length = 1, dim = 1] = mixed.shape;
  return reshape(transpose(mixed, [0, 2, 1, 3]), [batch, length, heads * dim]);
}

/** The output projection of the heads' outputs `[batch, heads, length, dim]`: what attention adds to the stream. */
export function attentionOutput(mixed: Value, project: Projection): Value {
  return project(mergeHeads(mixed), "output");
}

/** Residual and gated MLP: from what attention adds to the stream x to the next stream, both `[batch, length, hidden]`. */
export function nextStream(
  x: Value,
  attention: Value,
  weights: LayerValues,
  project: Projection,
  { normEpsilon }: Architecture,
): Value {
  const middle = add(x, attention);
  const normal = rmsNorm(middle, weightOf(weights, "mlpNorm"), normEpsilon);
  const hidden = multiply(silu(project(normal, "gate")), project(normal, "up"));
  return named(add(middle, project(hidden, "down")), "block");
}

/** All that follows the mixer: from the heads' outputs to the next stream. */
export function blockOutput(
  x: Value,
  mixed: Value,
  weights: LayerValues,
  project: Projection,
  architecture: Architecture,
): Value {
  return nextStream(x, attentionOutput(mixed, project), weights, project, architecture);
}
