/** How much of a mixer's output comes from beyond its window. */
import { add, divide, maximum, multiply, reshape, sqrt, subtract, sum, type Value } from "../graph/index.ts";
import type { MixerInputs } from "./contract.ts";
import { MixerError } from "./errors.ts";
import { chunked } from "./mixer.ts";
import { declareMixer, type MixerSpec } from "./spec.ts";

/** Takes all weight from the window, but leaves tokens that have nothing else their output. */
const linearOnly = { window: 1e-9 };

/** Below this, squared, there is nothing to compare: the share is 0. */
const nothing = 1e-12;

/**
 * The share of every token's output that comes from the recurrent part, and from tokens that a window retains, `[batch, heads,
 * length]`, from 0 (the window alone) to 1, before what both branches pass together: local terms, norms and gates of the output.
 *
 * Where both are divided by their joint sum of weights, it is the share of the attention's weight s: the output y lies
 * between the window's own yʷ and the state's yˡ, and y = (1 − s) yʷ + s yˡ gives s. Where each has a normaliser of its
 * own, or none, the window's own output cʷ lacks the rest, cˡ, and the share is that of the norms: ‖cˡ‖ / (‖cʷ‖ + ‖cˡ‖).
 *
 * Throws a MixerError for a mixer that has not both.
 */
export function linearShares(spec: MixerSpec, inputs: MixerInputs): Value {
  if (spec.window === undefined || spec.state === undefined) {
    throw new MixerError("a share is of a window and a state: this mixer has not both");
  }
  const { local: _local, outputNorm: _norm, outputGate: _gate, ...branches } = spec;
  const output = (ablation: NonNullable<MixerInputs["ablation"]>) => chunked(branches, { ...inputs, ablation }).output;
  const window = output({ linear: 0 });
  const [batch = 1, heads = 1, length = 1] = window.shape;
  const perToken = (share: Value) => reshape(share, [batch, heads, length]);
  if (!declareMixer(branches).normalize.joins) {
    const size = (x: Value) => sqrt(sum(multiply(x, x), [-1]));
    const [ofWindow, ofRest] = [size(window), size(subtract(output({}), window))];
    return perToken(divide(ofRest, maximum(add(ofWindow, ofRest), Math.sqrt(nothing))));
  }
  const apart = subtract(output(linearOnly), window);
  const along = sum(multiply(subtract(output({}), window), apart), [-1]);
  // Tokens without a linear part have yˡ = yʷ: their share is 0 by the floor of the divisor.
  return perToken(divide(along, maximum(sum(multiply(apart, apart), [-1]), nothing)));
}
