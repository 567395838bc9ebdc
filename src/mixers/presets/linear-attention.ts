/** Linear attention with the map 1 + ELU (arXiv 2006.16236). */
import type { MixerSpecInput } from "../spec.ts";

/** All tokens in one additive state, divided by the sum of their weights. */
export const linearAttention: MixerSpecInput = {
  state: { featureMap: { kind: "elu" }, read: { kind: "all" } },
  normalize: { kind: "row" },
};
