/** The mixers every law is checked for: the presets, and variants of their options. A new preset is here by being listed. */
import { type MixerSpec, type MixerSpecInput, parseMixer, presets } from "../../src/mixers/index.ts";

const hybrid: MixerSpecInput = {
  window: { kind: "slide", size: 5 },
  state: { featureMap: { kind: "hedgehog" }, read: { kind: "outside-window" } },
  normalize: { kind: "joint" },
  mix: { kind: "gamma" },
};

const variants: Record<string, MixerSpecInput> = {
  "narrow slide, affine, exponential": {
    ...hybrid,
    state: { featureMap: { kind: "hedgehog", activation: "exp" }, read: { kind: "outside-window" } },
    mix: { kind: "gamma", affine: true, initial: 0.3 },
  },
  "narrow terrace, one-sided, tied, fewer features": {
    ...hybrid,
    window: { kind: "terrace", size: 6 },
    state: { featureMap: { kind: "hedgehog", twoSided: false, tied: true, dim: 3 }, read: { kind: "outside-window" } },
  },
  "slide and all tokens, summed": {
    ...hybrid,
    state: { featureMap: { kind: "hedgehog" }, read: { kind: "all" } },
    normalize: { kind: "row" },
    mix: { kind: "sum", window: 0.7, linear: 0.4 },
  },
  "terrace and all tokens, summed": {
    ...hybrid,
    window: { kind: "terrace", size: 6 },
    state: { featureMap: { kind: "elu" }, read: { kind: "all" } },
    normalize: { kind: "none" },
    mix: { kind: "sum" },
  },
  "state alone, identity, not normalized": { state: { featureMap: { kind: "identity" } } },
};

/** Mixers by name. */
export const mixers: Readonly<Record<string, MixerSpec>> = {
  ...presets,
  ...Object.fromEntries(Object.entries(variants).map(([name, spec]) => [name, parseMixer(spec, name)])),
};
