/** The mixers room's public face: specs, what they need, their forms, and the presets. */

export { catalogueByName, presets, sameMixer, softmaxSpec } from "./catalogue.ts";
export {
  type Angles,
  anglesOf,
  type Form,
  forms,
  type MixerInputs,
  type MixerResult,
  type MixerSizes,
  type MixerState,
  mapAngles,
  type StateLayout,
} from "./contract.ts";
export { type Ending, endingOf, readsInParts } from "./ending.ts";
export { MixerError } from "./errors.ts";
export { chunked, fused, mixerDecay, parallel, step } from "./mixer.ts";
export { newest } from "./newest.ts";
export { type Packing, packed, packingOf } from "./packing.ts";
export { type Initializer, initialValues, type Parameter, type Parameters } from "./parameter.ts";
export {
  growsWithLength,
  headsAreAlike,
  type LearningAxis,
  learningAxes,
  type MixerPlan,
  mixerParameters,
  mixerStreams,
  parameterAxes,
  planMixer,
  rowsAreWeights,
  type Streams,
  stateLayout,
} from "./plan.ts";
export type { Oracle, Preset } from "./preset.ts";
export { salienceOfTokens } from "./salience.ts";
export { linearShares } from "./share.ts";
export { type MixerSpec, type MixerSpecInput, mixerSpec, parseMixer } from "./spec.ts";
