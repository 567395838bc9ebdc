/** The first tokens of a sequence, which some windows never lose. */
import {
  add,
  concat,
  integers,
  less,
  minimum,
  pad,
  reshape,
  rows,
  slice,
  subtract,
  type Value,
  where,
} from "../graph/index.ts";
import type { MixerInputs } from "./contract.ts";
import { MixerError } from "./errors.ts";
import { countOf } from "./newest.ts";

/** Keys and values of the first tokens, `[batch, groups, tokens, dim]`; zeros for tokens that have not come yet. */
export interface FirstTokens {
  readonly keys: Value;
  readonly values: Value;
  /** Their places in the sequence, `[1, 1, tokens]` int64. */
  readonly positions: Value;
}

/**
 * The first tokens up to the end of a call, from its state and its own tokens; `seen` `[batch or 1, 1, 1]` tokens came before.
 * Throws a MixerError where the state lacks them.
 */
export function firstTokens(tokens: number, inputs: MixerInputs, seen: Value): FirstTokens {
  const positions = reshape(integers(Array.from({ length: tokens }, (_unused, index) => index)), [1, 1, tokens]);
  const of = (name: "keys" | "values", kept: "firstKeys" | "firstValues"): Value => {
    const [own, { state }] = [inputs[name], inputs];
    const [batch = 1, groups = 1, length = 0, dim = 1] = own.shape;
    if (state === undefined) return pad(slice(own, 2, 0, Math.min(tokens, length)), 2, 0, Math.max(0, tokens - length));
    const earlier = state[kept];
    if (earlier === undefined) throw new MixerError(`the mixer's state "${kept}" was not given`);
    const total = tokens + length;
    const starts = integers(Array.from({ length: batch * groups }, (_unused, index) => index * total));
    // A place that earlier calls did not fill takes a token of this one, where it has come.
    const late = minimum(add(subtract(positions, seen), integers([tokens])), integers([total - 1]));
    const source = add(reshape(starts, [batch, groups, 1]), where(less(positions, seen), positions, late));
    const gathered = rows(reshape(concat([earlier, own], 2), [-1, dim]), source);
    const filled = less(positions, add(seen, reshape(countOf(inputs, length), [-1, 1, 1])));
    return where(reshape(filled, [batch, 1, tokens, 1]), gathered, 0);
  };
  return { keys: of("keys", "firstKeys"), values: of("values", "firstValues"), positions };
}
