/** A mixer's forms, for callers that hold a spec. */

import { add, type Value } from "../graph/index.ts";
import { type Form, type MixerInputs, type MixerResult, type MixerSizes, sizesOf } from "./contract.ts";
import { MixerError } from "./errors.ts";
import { chunkedForm } from "./forms/chunked.ts";
import { fusedForm } from "./forms/fused.ts";
import { parallelForm } from "./forms/parallel.ts";
import { stepForm } from "./forms/step.ts";
import { repeatHeads } from "./heads.ts";
import { requireForm, widthsOf } from "./plan.ts";
import { declareMixer, type Mixer, type MixerSpec } from "./spec.ts";

type Build = (spec: MixerSpec, inputs: MixerInputs) => MixerResult;

function form(name: Form, build: (mixer: Mixer, inputs: MixerInputs) => MixerResult): Build {
  return (spec, inputs) => {
    const mixer = declareMixer(spec);
    requireForm(mixer, name);
    if (!spec.causal && inputs.state !== undefined)
      throw new MixerError("a mixer that reads both ways carries no state from call to call");
    const sizes = mixer.derived?.sizes(inputs) ?? sizesOf(inputs);
    mixer.window?.check?.(sizes);
    const filtered = mixer.convolution?.apply(inputs, sizes);
    const given = filtered?.inputs ?? inputs;
    const tokens = withAllKeys(mixer.derived?.apply(given, sizes) ?? given, sizes);
    const mixed = build(mixer, tokens);
    const local = mixer.local?.apply(tokens, sizes);
    const joined = local ? add(mixed.output, repeatHeads(local.term, sizes.heads)) : mixed.output;
    const output = mixer.output.reduce((x, stage) => stage.apply(x, inputs, sizes), joined);
    if (mixed.state === undefined) return { output };
    return { output, state: { ...mixed.state, ...filtered?.state, ...local?.state } };
  };
}

/** Queries and keys repeated to the heads that values have. */
function withAllKeys(inputs: MixerInputs, { heads, keyHeads = heads }: MixerSizes): MixerInputs {
  if (keyHeads === heads) return inputs;
  return { ...inputs, queries: repeatHeads(inputs.queries, heads), keys: repeatHeads(inputs.keys, heads) };
}

/** Every query against every key, under masks: quadratic in the length, the oracle. Throws a MixerError without that form. */
export const parallel: Build = form("parallel", parallelForm);

/**
 * Blocks and chunks: linear in the length, for training and prefill. With a state, any split of a sequence gives the same.
 * Throws a MixerError without that form.
 */
export const chunked: Build = form("chunked", chunkedForm);

/** One token from a state of constant size, for decoding. Throws a MixerError without that form, for more tokens or no state. */
export const step: Build = form("step", stepForm);

/** Fused operators of the engine where they exist, float32 only. Throws a MixerError without that form. */
export const fused: Build = form("fused", fusedForm);

/**
 * The state's log decays for a call's tokens, `[batch or 1, heads, length or 1, width]`, for inspection. Throws a MixerError
 * where nothing decays.
 */
export function mixerDecay(spec: MixerSpec, inputs: MixerInputs): Value {
  const mixer = declareMixer(spec);
  const sizes = sizesOf(inputs);
  const { state } = mixer;
  const decays = state?.decay.read?.(inputs, sizes, state.write.widths(widthsOf(mixer, sizes)));
  if (decays === undefined) throw new MixerError("the mixer's state does not decay");
  return decays.decay;
}
