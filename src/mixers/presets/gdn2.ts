/** Gated DeltaNet-2: gates of what is erased and of what is written, channel by channel. */
import type { Preset } from "../preset.ts";
import { filtered } from "./common.ts";
import { oracles } from "./oracles/gdn2.ts";

/** One decay per channel, an erase gate on the key and a write gate on the value. */
export const gdn2: Preset = {
  name: "gdn2",
  title: "Gated DeltaNet-2",
  paper: "flash-linear-attention, fla.layers.gdn2",
  equation: "S' = diag(α_t) S_{t−1}, S_t = S' + k_tᵀ (w_t ⊙ v_t − (b_t ⊙ k_t) S'), o_t = s q_t S_t",
  spec: {
    ...filtered,
    state: {
      featureMap: { kind: "unit" },
      scale: "dim",
      decay: { kind: "step", per: "feature", rank: 16 },
      write: { kind: "erase", strengthPer: "value", gates: true },
    },
    outputGate: { kind: "projected", activation: "sigmoid" },
  },
  oracles,
};
