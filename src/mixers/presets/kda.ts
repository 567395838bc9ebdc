/** Kimi delta attention: the delta rule on a state that decays channel by channel. */
import type { Preset } from "../preset.ts";
import { filtered } from "./common.ts";
import { oracles } from "./oracles/kda.ts";

/** One decay per channel. */
export const kda: Preset = {
  name: "kda",
  title: "Kimi delta attention",
  paper: "arXiv 2510.26692",
  equation: "S' = diag(α_t) S_{t−1}, S_t = S' + β_t k_tᵀ (v_t − k_t S'), o_t = s q_t S_t, ‖q‖ = ‖k‖ = 1",
  spec: {
    ...filtered,
    state: {
      featureMap: { kind: "unit" },
      scale: "dim",
      decay: { kind: "step", per: "feature", rank: 16 },
      write: { kind: "delta" },
    },
    outputGate: { kind: "projected", rank: 16, activation: "sigmoid", bias: 0 },
  },
  oracles,
};
