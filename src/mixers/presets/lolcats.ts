/** LoLCATs (arXiv 2410.10254): a softmax window, and Hedgehog features (arXiv 2402.04347) for all that left it. */
import type { MixerSpecInput } from "../spec.ts";

const branches = {
  state: { featureMap: { kind: "hedgehog" }, read: { kind: "outside-window" } },
  normalize: { kind: "joint" },
  mix: { kind: "gamma", initial: 0.1 },
} as const;

/** The window slides: the newest 64 keys (`window_sw`). */
export const lolcats: MixerSpecInput = { window: { kind: "slide", size: 64 }, ...branches };

/** The window is a terrace: the query's block of 64 and the one before (`window_tk`). */
export const lolcatsTerrace: MixerSpecInput = { window: { kind: "terrace", size: 64 }, ...branches };
