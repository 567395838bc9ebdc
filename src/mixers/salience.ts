/** What the tokens of a call are worth to a window that retains some of those that leave it. */
import { integers, reshape, type Value } from "../graph/index.ts";
import { type MixerInputs, sizesOf } from "./contract.ts";
import { MixerError } from "./errors.ts";
import { declareMixer, type MixerSpec } from "./spec.ts";

/**
 * The salience of a call's tokens before any age, `[batch, groups, length, 1]`, and how far away a token has left the window for
 * all queries. Throws a MixerError for a mixer that retains nothing.
 */
export function salienceOfTokens(
  spec: MixerSpec,
  inputs: MixerInputs,
): { readonly salience: Value; readonly reach: number } {
  const retention = declareMixer(spec).window?.retains;
  if (retention === undefined)
    throw new MixerError(
      "salience is of windows that retain tokens: choose one of kind salient, or leave the term out",
    );
  const { size, block } = retention;
  const young = reshape(integers([0]), [1, 1, 1, 1]);
  return { salience: retention.salience(inputs, sizesOf(inputs), young), reach: size + block };
}
