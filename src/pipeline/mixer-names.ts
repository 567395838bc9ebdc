/** What mixers are called in plans and reports. */
import { isReplaced, type Shaped } from "../inference/model.ts";
import { growsWithLength, type MixerSpec } from "../mixers/index.ts";

/** A family's own mixer: by what it reads, and what it keeps. */
function ownName(spec: MixerSpec): string {
  if (spec.state !== undefined) return spec.window === undefined ? "recurrent" : "hybrid";
  return growsWithLength(spec) ? "softmax" : "local softmax";
}

/** A layer's mixer: what the recipe calls its own, or what the family has there. */
export function mixerName(model: Shaped, layer: number, recipe: string): string {
  const mixer = model.mixers[layer];
  return mixer === undefined || isReplaced(model, layer) ? recipe : ownName(mixer.spec);
}
