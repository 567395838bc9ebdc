/** ATLAS: a linear memory of polynomial features that learns from a window of tokens. */
import type { Preset } from "../preset.ts";
import { filtered } from "./common.ts";

/** Chunks of 16, windows of 4, steps brought near orthogonal matrices. */
export const atlas: Preset = {
  name: "atlas",
  title: "ATLAS, linear memory",
  paper: "arXiv 2505.23735",
  equation:
    "V_t = θ_t V_{t−1} + Σ_{t−4<i≤t} γ_i φ(k_i)ᵀ (φ(k_i) W − v_i), W_t = α_t W_{t−1} − η_t N₅(V_t), o_t = φ(q_t) W_t",
  spec: {
    ...filtered,
    state: {
      featureMap: { kind: "taylor", unit: true },
      decay: { kind: "sigmoid", per: "head", bias: 3 },
      write: { kind: "omega" },
    },
    outputGate: { kind: "projected" },
  },
};
