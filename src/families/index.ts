/** The families room's public face: what an architecture is, and who describes it. */

export {
  type Architecture,
  beginRoles,
  blockOf,
  endRoles,
  isEncoder,
  type ModelRole,
  modelShapes,
  parameterCount,
  valuesIn,
} from "./architecture.ts";
export {
  type ActivationName,
  type Beside,
  type Block,
  type ByLayerRole,
  besideMatrices,
  type ExpertRole,
  type Experts,
  type LayerRole,
  layerShapes,
  layerSizes,
  type Matrix,
  type Mlp,
  type NormPlace,
  type NormRole,
  type NormSpec,
  normRole,
  normWeights,
  type StreamMatrix,
  type Sublayer,
  shiftsOf,
} from "./block.ts";
export { configKeys } from "./config.ts";
export { customFamily, type FamilyDescription, familySchema } from "./custom.ts";
export {
  type Family,
  type GgufSpelling,
  type LayerSpelling,
  type Lie,
  layerTensorName,
  spellingOf,
  type TensorNames,
  type Turns,
} from "./family.ts";
export { familyNamed, familyOf, familyOfGguf, knownFamilies } from "./registry.ts";
export { type RopeSpec, ropeTables } from "./rope/rope.ts";
export { inverseRows, type RotaryLayout, rotaryRows } from "./rope/rows.ts";
