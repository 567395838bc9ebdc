/** A mixer's forms, for callers that hold a spec. */
import { type Form, type MixerInputs, type MixerResult, sizesOf } from "./contract.ts";
import { chunkedForm } from "./forms/chunked.ts";
import { fusedForm } from "./forms/fused.ts";
import { parallelForm } from "./forms/parallel.ts";
import { stepForm } from "./forms/step.ts";
import { requireForm } from "./plan.ts";
import { declareMixer, type Mixer, type MixerSpec } from "./spec.ts";

type Build = (spec: MixerSpec, inputs: MixerInputs) => MixerResult;

function form(name: Form, build: (mixer: Mixer, inputs: MixerInputs) => MixerResult): Build {
  return (spec, inputs) => {
    const mixer = declareMixer(spec);
    requireForm(mixer, name);
    const sizes = sizesOf(inputs);
    const filtered = mixer.convolution?.apply(inputs, sizes);
    const mixed = build(mixer, filtered?.inputs ?? inputs);
    const output = mixer.output.reduce((x, stage) => stage.apply(x, inputs, sizes), mixed.output);
    return mixed.state === undefined ? { output } : { output, state: { ...mixed.state, ...filtered?.state } };
  };
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
