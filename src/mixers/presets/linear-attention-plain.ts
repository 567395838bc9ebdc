/** Linear attention, plain. */
import type { Preset } from "../preset.ts";
import { final, initial, qkv } from "./common.ts";

/** The state alone, without normaliser: queries and keys as they are. */
export const plainLinearAttention: Preset = {
  name: "linear-attention-plain",
  title: "Linear attention, plain",
  paper: "arXiv 2006.16236",
  equation: "S_t = S_{t−1} + k_tᵀ v_t, o_t = s q_t S_t",
  spec: { state: { featureMap: { kind: "identity" }, scale: "dim" } },
  oracles: [
    {
      function: "linear_attn.naive.naive_recurrent_linear_attn",
      tensors: { ...qkv, ...initial },
      states: final,
    },
  ],
};
