/** The delta rule with momentum. */
import type { Preset } from "../preset.ts";
import { bare, filtered, givenDecay, qkv } from "./common.ts";

const given = { source: "given", activation: "none", bias: null } as const;

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
  oracles: [
    {
      function: "momentum_delta_rule.naive.recurrent_momentum_delta_rule_ref",
      spec: {
        ...bare,
        state: {
          featureMap: { kind: "identity" },
          decay: givenDecay("head"),
          write: { rate: given, strength: given, keep: given, recall: given, gates: false },
        },
      },
      tensors: {
        ...qkv,
        "stream.decay": "log_alpha:BHTI",
        "stream.keep": "log_mu:BHTI",
        "stream.rate": "eta:BHTI",
        "stream.strength": "beta:BHTI",
        "stream.recall": "p:BHTK",
        "state.recurrent": "initial_S:BHKV",
        "state.velocity": "initial_M:BHKV",
      },
      states: { recurrent: "final_state[0]:BHKV", velocity: "final_state[1]:BHKV" },
    },
  ],
};
