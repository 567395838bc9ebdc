/** TransNormer: linear attention under a norm instead of a divisor. */
import type { Preset } from "../preset.ts";

/** NormAttention as TransNormerLLM has it: slopes that fall with depth, one norm over all heads, a gate without activation. */
export const transnormer: Preset = {
  name: "transnormer",
  title: "TransNormer (NormAttention)",
  paper: "arXiv 2210.10340, 2307.14995",
  equation: "S_t = e^{−(8/H)(1 − l/L) h} S_{t−1} + silu(k_t)ᵀ v_t, o_t = SRMSNorm(silu(q_t) S_t) ⊙ x_t U",
  spec: {
    state: { featureMap: { kind: "silu" }, decay: { kind: "constant", slopes: "lightning" } },
    outputNorm: { kind: "rms", over: "heads", scale: false },
    outputGate: { kind: "projected", activation: "none" },
  },
};
