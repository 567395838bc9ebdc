/** Linear attention, normalised. */
import type { Preset } from "../preset.ts";
import { qkv } from "./common.ts";

/** All tokens in one additive state, divided by the sum of their weights. */
export const linearAttention: Preset = {
  name: "linear-attention",
  title: "Linear attention",
  paper: "arXiv 2006.16236",
  equation: "S_t = S_{t−1} + φ(k_t)ᵀ v_t, z_t = z_{t−1} + φ(k_t), o_t = φ(q_t) S_t / φ(q_t)·z_t, φ = 1 + ELU",
  spec: { state: { featureMap: { kind: "elu" } }, normalize: { kind: "row" } },
  oracles: [
    {
      function: "linear_attn.naive.naive_recurrent_linear_attn",
      spec: { state: { featureMap: { kind: "identity" }, scale: "dim" }, normalize: { kind: "row", epsilon: 1e-10 } },
      tensors: { ...qkv, "state.recurrent": ["initial_state:BHKV", "initial_state_z:BHKI"] },
      states: { recurrent: ["final_state:BHKV", "final_state_z:BIHK>BHKI"] },
    },
  ],
};
