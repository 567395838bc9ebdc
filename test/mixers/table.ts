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
  "a window of 8 bits that keeps first tokens, beside a state": {
    rope: "window",
    window: { kind: "slide", size: 5, store: "int8", sinks: { tokens: 2, capped: true } },
    state: { per: "group", featureMap: { kind: "unit" }, decay: { kind: "step" }, write: { kind: "delta" } },
    mix: { kind: "added" },
  },
  "tokens that leave a window of 8 bits": { ...hybrid, window: { kind: "slide", size: 5, store: "int8" } },
  "a window that retains salient tokens": { window: { kind: "salient", size: 6, block: 4, tokens: 5 } },
  "a window that retains salient tokens in 8 bits, beside first tokens and a state": {
    rope: "window",
    window: { kind: "salient", size: 9, block: 8, tokens: 3, store: "int8", sinks: { tokens: 3, capped: true } },
    state: { featureMap: { kind: "hedgehog", dim: 3 }, decay: { kind: "step" }, write: { kind: "delta" } },
    mix: { kind: "added" },
  },
  "a window whose scores are capped": {
    window: { kind: "slide", size: 5, sinks: { tokens: 2 } },
    scale: 0.7,
    cap: 0.8,
  },
  "all keys with capped scores": { window: { kind: "full" }, cap: 0.5 },
  "all keys in 8 bits": { window: { kind: "full", store: "int8" } },
  "a decay per head, keys and filters, a direct skip": {
    convolution: { kind: "depthwise", on: ["queries", "keys"], size: 3 },
    state: { decay: { kind: "step" }, write: { kind: "add", values: "step" }, skip: { kind: "direct" } },
  },
  "delta rule by feature with a bounded decay": {
    state: {
      featureMap: { kind: "unit", silu: true },
      decay: { kind: "bounded" },
      write: { kind: "delta", strength: { scale: 2, bias: 0 } },
    },
  },
  "fewer slots than features": {
    state: { decay: { kind: "sigmoid", per: "feature" }, write: { kind: "slots", count: 5 } },
  },
  "decayed window mix, rotated by the state": {
    rope: "state",
    window: { kind: "slide", size: 5 },
    state: { featureMap: { kind: "hedgehog", joint: true }, decay: { kind: "constant", slopes: "minimax", layers: 4 } },
    normalize: { kind: "row", epsilon: 1e-6 },
    mix: { kind: "alpha", initial: 0.5 },
  },
  "positive products of a learned map": {
    state: { featureMap: { kind: "projected", activation: "exp", dim: 3, bias: false, floor: 1e-6 } },
    normalize: { kind: "row" },
  },
  "rolled features": { state: { featureMap: { kind: "dpfp", nu: 2 } }, normalize: { kind: "row", epsilon: 1e-3 } },
  "products of two maps": { state: { featureMap: { kind: "hadamard", dim: 6 } }, outputNorm: { kind: "rms" } },
  "an input gate and a gate before the norm": {
    state: {
      featureMap: { kind: "one" },
      decay: { kind: "sigmoid", per: "value", floor: 0.1 },
      write: { kind: "add", values: "variance", input: {} },
    },
    outputNorm: { kind: "rms", scale: false, over: "heads" },
    outputGate: { kind: "projected", order: "before-norm", activation: "sigmoid", bias: 1 },
  },
  "blocks of five and the state of those before, joined": { ...hybrid, window: { kind: "block", size: 5 } },
  "blocks of five, both ways": { causal: false, window: { kind: "block", size: 5 } },
  "summaries of blocks of five": { state: { write: { kind: "block-summaries", size: 5 } } },
  "weights of few distances": { state: { featureMap: { kind: "elu" }, write: { kind: "distance", span: 6 } } },
  "weights of few distances, by transforms": {
    state: { featureMap: { kind: "elu" }, write: { kind: "distance", span: 6, far: "transform" } },
  },
  "two columns of an estimated map of six": { state: { write: { kind: "estimated-mask", columns: 6, top: 2 } } },
  "two of three partitions of a gated delta rule": {
    state: {
      featureMap: { kind: "unit" },
      decay: { kind: "sigmoid", per: "head" },
      write: { kind: "sparse", partitions: 3, top: 2, base: { kind: "delta" } },
    },
  },
  "sinks that stay and sinks that only weigh, beside a state": {
    ...hybrid,
    window: { kind: "slide", size: 5, sinks: { tokens: 3, logits: 2 } },
  },
  "a terrace with sinks, beside a state": {
    ...hybrid,
    window: { kind: "terrace", size: 6, sinks: { tokens: 2, logits: 1 } },
  },
  "a full window with sinks": { window: { kind: "full", sinks: { tokens: 2, logits: 2 } } },
  "a narrow dilated window with sinks, and all tokens": {
    window: { kind: "dilated", size: 3, stride: 4, sinks: { tokens: 2, logits: 1 } },
    state: { featureMap: { kind: "elu" } },
    normalize: { kind: "row" },
    mix: { kind: "sum" },
  },
  "a sliding window that forgets, with scores that only weigh": {
    window: { kind: "slide", size: 5, decay: { kind: "step" }, sinks: { tokens: 0, logits: 2 } },
    state: { featureMap: { kind: "elu" }, decay: { kind: "sigmoid", per: "head" } },
    normalize: { kind: "row" },
    mix: { kind: "sum" },
  },
  "slopes on a dilated window": {
    window: { kind: "dilated", size: 4, stride: 2, decay: { kind: "constant", slopes: "alibi" } },
  },
  "slopes of which every step is a half": {
    window: { kind: "full", decay: { kind: "constant", slopes: "alibi", factor: 0.5 } },
  },
  "keys and queries made of filtered values, with norms": {
    rope: "none",
    convolution: { kind: "depthwise", size: 3, bias: true, on: ["values"] },
    derived: { kind: "values", size: 4, norm: 1e-5 },
    state: {
      decay: { kind: "selective", source: "values", rank: 3, norm: 1e-5 },
      write: { kind: "add", values: "step" },
      skip: { kind: "direct", per: "value" },
    },
    outputNorm: { kind: "rms", over: "heads", parts: 2 },
    outputGate: { kind: "projected" },
  },
  "chosen blocks that forget": {
    window: { kind: "selected", size: 4, count: 2, decay: { kind: "sigmoid", per: "head" }, sinks: { logits: 1 } },
  },
  "both ways, sliding, with sinks, and an additive state": {
    causal: false,
    window: { kind: "slide", size: 5, sinks: { tokens: 3, logits: 2 } },
    state: { featureMap: { kind: "hedgehog" } },
    normalize: { kind: "joint" },
    mix: { kind: "gamma" },
  },
  "both ways, a dilated window": { causal: false, window: { kind: "dilated", size: 3, stride: 4 } },
  "both ways, blocks and the first tokens": {
    causal: false,
    window: { kind: "terrace", size: 6, align: "start", sinks: { tokens: 2 } },
  },
  "both ways, an additive state": {
    causal: false,
    state: { featureMap: { kind: "elu" }, skip: { kind: "direct" } },
    normalize: { kind: "row", epsilon: 1e-6 },
  },
  "discs on a narrow grid behind text": {
    causal: false,
    window: { kind: "disc", rows: 220, columns: 5, radius: 2.5, text: 7, sinks: { logits: 1 } },
  },
  "a window's descent as it is": {
    state: {
      featureMap: { kind: "unit" },
      decay: { kind: "sigmoid", per: "head", bias: 2 },
      write: { kind: "omega", size: 5, window: 7, iterations: 0, rate: { scale: 0.02 } },
    },
  },
  "state alone, identity, not normalized": { state: { featureMap: { kind: "identity" } } },
};

/** Mixers by name. */
export const mixers: Readonly<Record<string, MixerSpec>> = {
  ...presets,
  ...Object.fromEntries(Object.entries(variants).map(([name, spec]) => [name, parseMixer(spec, name)])),
};

/** Mixers whose float32 results lose digits by their mathematics, whatever the form: what is asked of them, and why. */
export const looser: Readonly<Record<string, number>> = {
  // Features of both signs add up to a square that may be near zero, and is divided by.
  rebased: 1e-3,
  // The memory is empty at first: what it recalls has next to no deviation, and a layer norm divides by that.
  "ttt-linear": 1e-3,
};
