/** Titans: a linear memory that learns with momentum and forgets. */
import type { Preset } from "../preset.ts";
import { filtered } from "./common.ts";
import { oracles } from "./oracles/titans.ts";

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
  oracles,
};
