/** Gated slot attention: a fixed number of slots, read by a softmax. */
import type { Preset } from "../preset.ts";
import { oracles } from "./oracles/gsa.ts";

/** 64 slots, written with what their decay leaves. */
export const gsa: Preset = {
  name: "gsa",
  title: "Gated slot attention",
  paper: "arXiv 2409.07146",
  equation: "K̃_t = diag(α_t) K̃_{t−1} + (1 − α_t)ᵀ k_t, Ṽ_t alike, o_t = softmax(q_t K̃_tᵀ) Ṽ_t",
  spec: {
    rope: "none",
    state: {
      featureMap: { kind: "silu" },
      decay: { kind: "sigmoid", per: "feature", divisor: 8 },
      write: { kind: "slots", count: 64 },
    },
    outputNorm: { kind: "rms", silu: true, over: "heads" },
  },
  oracles,
};
