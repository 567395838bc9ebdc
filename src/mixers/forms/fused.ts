/** The fused form: the state as one operator of the engine, and softmax alone as its flash attention. */
import { type MixerInputs, type MixerResult, sizesOf } from "../contract.ts";
import { MixerError } from "../errors.ts";
import type { Mixer } from "../spec.ts";
import { linearForm, softmaxAlone } from "./chunked.ts";

/** The mixer by fused operators. */
export function fusedForm(mixer: Mixer, inputs: MixerInputs): MixerResult {
  const alone = softmaxAlone(mixer, inputs, sizesOf(inputs));
  if (alone !== undefined) return alone;
  return linearForm(mixer, inputs, (recurrence, tokens) => {
    if (recurrence.fused === undefined) throw new MixerError("the engine has no operator for this state");
    return recurrence.fused(tokens);
  });
}
