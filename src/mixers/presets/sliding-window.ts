/** Softmax attention over the newest keys alone (Longformer, arXiv 2004.05150; Mistral, arXiv 2310.06825). */
import type { MixerSpecInput } from "../spec.ts";

/** The newest 64 keys, the query's own included. */
export const slidingWindow: MixerSpecInput = { window: { kind: "slide", size: 64 } };
