/** Causal softmax attention, the teacher's own mixer (arXiv 1706.03762). */
import type { MixerSpecInput } from "../spec.ts";

/** Every earlier key, weighed exactly. */
export const softmax: MixerSpecInput = { window: { kind: "full" } };
