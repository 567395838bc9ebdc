/** What both windows of LoLCATs share (arXiv 2410.10254). */

/** Hedgehog features for all that left the window, one divisor for both. */
export const branches = {
  state: { featureMap: { kind: "hedgehog" }, read: { kind: "outside-window" } },
  normalize: { kind: "joint" },
  mix: { kind: "gamma", initial: 0.1 },
} as const;

/** Published code, by its module. */
export const oracle = (module: string, window: object) => ({
  function: `linear_attention.${module}.hybrid_attention_quadratic`,
  spec: { window },
  arguments: {
    "window.size": "window_size",
    "mix.affine": "affine",
    "state.featureMap.activation": { of: "act", values: { softmax_dim: "softmax", exp_dim: "exp" } },
  },
  tensors: {
    queries: "q:BHTK",
    keys: "k:BHTK",
    values: "v:BHTK",
    "featureMap.queries": "layer_q:HKK",
    "featureMap.keys": "layer_k:HKK",
    windowFactor: "window_factors:H",
  },
});
