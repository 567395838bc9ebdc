/** What several presets' reference implementations share: names of tensors, and what their operators leave out. */

/** Queries, keys and values. */
export const qkv = { queries: "q:BHTK", keys: "k:BHTK", values: "v:BHTV" } as const;

/** A state of features × values before the first token. */
export const initial = { "state.recurrent": "initial_state:BHKV" } as const;

/** The same state after the last. */
export const final = { recurrent: "final_state:BHKV" } as const;

/** An operator without the layer's filters, norm and gate. */
export const bare = { convolution: null, outputNorm: null, outputGate: null } as const;

/** A decay that the operator is given. */
export const givenDecay = (per: "head" | "feature" | "value") =>
  ({ kind: "given", per, source: null, rank: null }) as const;

/** Half a sliding window of 64 rotated keys, half a state of unrotated ones (Liger, arXiv 2503.01496). */
export const besideWindow = {
  rope: "window",
  window: { kind: "slide", size: 64 },
  mix: { kind: "sum", window: 0.5, linear: 0.5 },
} as const;

/** A decay per feature, made of the layer's own keys. */
export const keyGate = { kind: "sigmoid", per: "feature", source: "keys" } as const;

/** Filters before and a norm after, without positions: the layers of the delta rules. */
export const filtered = {
  rope: "none",
  convolution: { kind: "depthwise", size: 4 },
  outputNorm: { kind: "rms" },
} as const;

/** The delta rule as an operator: keys as they are, strengths given. */
export const givenDelta = {
  featureMap: { kind: "identity" },
  write: { kind: "delta", strength: { source: "given" } },
} as const;
