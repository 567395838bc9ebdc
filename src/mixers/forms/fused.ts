/** The fused form: the state as one operator of the engine, and softmax alone as its flash attention. */
import { causalAttention } from "../../graph/index.ts";
import type { MixerInputs, MixerResult } from "../contract.ts";
import type { Mixer } from "../spec.ts";
import { linearForm } from "./chunked.ts";

/** The mixer by fused operators. */
export function fusedForm(mixer: Mixer, inputs: MixerInputs): MixerResult {
  const { queries, keys, values, state } = inputs;
  const [dim = 1] = queries.shape.slice(-1);
  const { window, spec } = mixer;
  if (mixer.state === undefined && state === undefined && window?.blocks && values.shape[3] === dim) {
    const options = { scale: spec.scale ?? dim ** -0.5, window: window.blocks.size };
    return { output: causalAttention(queries, keys, values, options) };
  }
  return linearForm(mixer, inputs, (recurrence, { front: _front, ...tokens }) => recurrence.fused(tokens));
}
