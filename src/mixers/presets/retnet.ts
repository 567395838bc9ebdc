/** RetNet: constant decays per head. */
import type { Preset } from "../preset.ts";
import { bare, qkv } from "./common.ts";

/** γ_h = 1 − 2^(−5 − h). */
export const retnet: Preset = {
  name: "retnet",
  title: "RetNet",
  paper: "arXiv 2307.08621",
  equation: "S_t = γ_h S_{t−1} + k_tᵀ v_t, o_t = RMSNorm(s q_t S_t) ⊙ silu(g_t)",
  spec: {
    state: { scale: "dim", decay: { kind: "constant", slopes: "retnet" } },
    outputNorm: { kind: "rms" },
    outputGate: { kind: "projected" },
  },
  oracles: [{ function: "retention.naive.naive_retention", spec: bare, tensors: qkv }],
};
