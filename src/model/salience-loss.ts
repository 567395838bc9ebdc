/** What a window that retains tokens learns of their worth: how much the teacher attends to them from far away. */
import {
  add,
  cast,
  divide,
  log,
  mask,
  mean,
  multiply,
  numbers,
  reshape,
  stopGradient,
  subtract,
  sum,
  type Value,
} from "../graph/index.ts";
import { type MixerInputs, type MixerSizes, type MixerSpec, salienceOfTokens } from "../mixers/index.ts";
import { softmaxWeights } from "./transfer-block.ts";

/** Parts of a sequence of which one at least reads each token that counts: fewer readers tell little. */
const partOfReaders = 16;

/** Weight below which all tokens are worth the same: a hundredth of what a thousand tokens have each. */
const floor = 1e-5;

/**
 * The mean squared error between the salience of tokens and the logarithm of the mean weight that the heads of a group give
 * them from beyond the window (in sequences shorter than two windows: from half a sequence away), both without their means
 * over the sequence. Only tokens with many such readers count. Throws a MixerError for a mixer that retains nothing.
 */
export function salienceLoss(mixer: MixerSpec, teacher: MixerSpec, inputs: MixerInputs, sizes: MixerSizes): Value {
  const { batch, heads, groups, length } = sizes;
  const { salience, reach: whole } = salienceOfTokens(mixer, inputs);
  const reach = Math.min(whole, Math.floor(length / 2));
  const count = Math.max(1, length - reach - Math.ceil(length / partOfReaders));
  const far = mask([1, 1, length, length], (_batch, _head, query = 0, key = 0) => query >= key + reach && key < count);
  const received = sum(
    multiply(softmaxWeights(teacher, inputs, sizes, mixer.rope === "before"), cast(far, "float32")),
    [2],
  );
  const ofGroups = sum(reshape(received, [batch, groups, heads / groups, length]), [2]);
  const readers = numbers(
    Array.from({ length }, (_unused, key) => (heads / groups) * Math.max(1, length - reach - key)),
  );
  const target = log(add(divide(stopGradient(reshape(ofGroups, [batch, groups, length])), readers), floor));
  const counted = cast(
    mask([1, 1, length], (_batch, _group, key = 0) => key < count),
    "float32",
  );
  const centred = (x: Value) => subtract(x, divide(sum(multiply(x, counted), [-1]), count));
  const error = multiply(subtract(centred(reshape(salience, [batch, groups, length])), centred(target)), counted);
  return multiply(reshape(mean(multiply(error, error)), []), length / count);
}
