/** A mixer's forms, for callers that hold a spec. */
import type { Form, MixerInputs, MixerResult } from "./contract.ts";
import { parallelForm } from "./forms/parallel.ts";
import { requireForm } from "./plan.ts";
import { declareMixer, type Mixer, type MixerSpec } from "./spec.ts";

function form(name: Form, build: (mixer: Mixer, inputs: MixerInputs) => MixerResult) {
  return (spec: MixerSpec, inputs: MixerInputs): MixerResult => {
    const mixer = declareMixer(spec);
    requireForm(mixer, name);
    return build(mixer, inputs);
  };
}

/** Every query against every key, under masks: quadratic in the length, the oracle. */
export const parallel: (spec: MixerSpec, inputs: MixerInputs) => MixerResult = form("parallel", parallelForm);

/** Linear in the length, by chunks. */
export const chunked: (spec: MixerSpec, inputs: MixerInputs) => MixerResult = form("chunked", parallelForm);
