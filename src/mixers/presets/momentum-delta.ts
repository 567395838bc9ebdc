/** The delta rule with momentum. */
import type { Preset } from "../preset.ts";
import { filtered } from "./common.ts";
import { oracles } from "./oracles/momentum-delta.ts";

/** Errors move a velocity that decays by μ, and the velocity moves the state. */
export const momentumDelta: Preset = {
  name: "momentum-delta",
  title: "Momentum delta rule",
  paper: "flash-linear-attention, fla.ops.momentum_delta_rule",
  equation: "M_t = μ_t M_{t−1} − η_t k_tᵀ (v_t − p_t S_{t−1}), S_t = α_t S_{t−1} − β_t M_t, o_t = s q_t S_t",
  spec: {
    ...filtered,
    state: {
      featureMap: { kind: "unit" },
      scale: "dim",
      decay: { kind: "step" },
      write: { kind: "momentum" },
    },
    outputGate: { kind: "projected" },
  },
  oracles,
};
