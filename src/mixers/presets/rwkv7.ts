/** RWKV-7: a state that removes one direction and writes another. */
import type { Preset } from "../preset.ts";
import { oracles } from "./oracles/rwkv7.ts";

/** Queries are r; token shift and the residual of values are left to the block. */
export const rwkv7: Preset = {
  name: "rwkv7",
  title: "RWKV-7",
  paper: "arXiv 2503.14456",
  equation: "S_t = diag(w_t) S_{t−1} − (κ̂_t ⊙ a_t)ᵀ (κ̂_t S_{t−1}) + k_tᵀ v_t, o_t = r_t S_t + (r_t diag(u) k_t) v_t",
  spec: {
    rope: "none",
    state: {
      decay: { kind: "scaled-sigmoid", per: "feature", rank: 64 },
      write: { kind: "general", rate: { rank: 64 } },
      skip: { kind: "bonus" },
    },
    outputNorm: { kind: "group", affine: true },
    outputGate: { kind: "projected", rank: 128, activation: "sigmoid" },
  },
  oracles,
};
