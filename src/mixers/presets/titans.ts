/** Titans: a linear memory that learns with momentum and forgets. */
import type { Preset } from "../preset.ts";
import { bare, filtered, givenDecay } from "./common.ts";

const given = { source: "given", bias: null } as const;

/** Chunks of 16; the memory is a matrix, the loss that of a layer norm with a residual. */
export const titansLinear: Preset = {
  name: "titans-linear",
  title: "Titans, linear memory",
  paper: "arXiv 2501.00663",
  equation:
    "V_t = η_t V_{t−1} − 2 θ_t k_tᵀ ∇_t, W_t = α_t W_{t−1} + V_t, ∇ at the chunk's beginning, o_t = y + LN(y), y = q_t W_t",
  spec: {
    ...filtered,
    state: {
      featureMap: { kind: "unit" },
      decay: { kind: "sigmoid", per: "head", bias: 3 },
      write: { kind: "descent-momentum" },
    },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "titans.naive.chunk_titans_linear_ref",
      spec: {
        ...bare,
        state: {
          featureMap: { kind: "identity" },
          decay: givenDecay("head"),
          write: { rate: given, keep: { ...given, activation: null }, gradient: "published" },
        },
      },
      arguments: { "state.write.size": "chunk_size" },
      tensors: {
        queries: "q:BHTK",
        keys: "k:BHTK",
        values: "v:BHTK",
        "stream.rate": "theta:BHTI",
        "stream.keep": "log(eta):BHTI",
        "stream.decay": "log(1-alpha):BHTI",
        "lossScale.bias": "w:HK",
        "lossShift.bias": "b:HK",
        "state.recurrent": "initial_state:BHKK",
      },
    },
  ],
};
