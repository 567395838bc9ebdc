/** The families that are known, and what reading a configuration needs. */
import type { Family } from "./family.ts";
import { llama } from "./llama.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";

export {
  type Architecture,
  beginRoles,
  blockOf,
  endRoles,
  type ModelRole,
  modelShapes,
  parameterCount,
  valuesIn,
} from "./architecture.ts";
export {
  type ActivationName,
  type Block,
  type ByLayerRole,
  type LayerRole,
  layerShapes,
  layerSizes,
  type Matrix,
  type NormPlace,
  type NormRole,
  type NormSpec,
  normRole,
  normWeights,
  type Sublayer,
} from "./block.ts";
export { type Family, type GgufSpelling, layerTensorName, type TensorNames } from "./family.ts";
export { type RopeSpec, ropeTables } from "./rope/rope.ts";
export { inverseRows, type RotaryLayout, rotaryRows } from "./rope/rows.ts";

/** Every family, in the order they are tried. */
export const families: readonly Family[] = [llama, qwen2, qwen3];

/** The family a configuration's `model_type` belongs to, or undefined. */
export function familyOf(modelType: string): Family | undefined {
  return families.find((family) => family.modelTypes.includes(modelType));
}

/** The family a GGUF file's `general.architecture` names, or undefined. */
export function familyOfGguf(architecture: string): Family | undefined {
  return families.find((family) => family.gguf?.architecture === architecture);
}
