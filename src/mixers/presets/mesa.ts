/** MesaNet: a memory read by regression. */
import type { Preset } from "../preset.ts";
import { bare, filtered, givenDecay, qkv } from "./common.ts";

/** One decay per head; a learned ridge per feature. */
export const mesa: Preset = {
  name: "mesa-net",
  title: "MesaNet",
  paper: "arXiv 2506.05233",
  equation: "P_t = α_t P_{t−1} + β_t k_tᵀ k_t, S_t = α_t S_{t−1} + β_t k_tᵀ v_t, o_t = q_t (P_t + diag λ)⁻¹ S_t",
  spec: {
    ...filtered,
    state: { featureMap: { kind: "unit" }, decay: { kind: "step" }, write: { kind: "regression" } },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "mesa_net.naive.naive_mesa_net_exact",
      spec: {
        ...bare,
        state: {
          featureMap: { kind: "identity" },
          decay: givenDecay("head"),
          write: { strength: { source: "given" }, ridge: { source: "learned", activation: "none" }, floor: 0 },
        },
      },
      tensors: {
        ...qkv,
        values: "v:BHTK",
        "stream.strength": "beta:BHTI",
        "stream.decay": "g:BHTI",
        "ridge.bias": "lamb:HK",
        "state.products": "h_kk_init:BHKK",
        "state.recurrent": "h_kv_init:BHKK",
      },
      states: { products: "final_state_kk:BHKK", recurrent: "final_state_kv:BHKK" },
    },
  ],
};
