/** RG-LRU: a running mean of each channel, by gates made of the channels of its head. */
import type { Preset } from "../preset.ts";
import { oracles } from "./oracles/rg-lru.ts";

/** The first token is written whole. */
export const rgLru: Preset = {
  name: "rg-lru",
  title: "RG-LRU",
  paper: "arXiv 2402.19427",
  equation:
    "h_t = α_t ⊙ h_{t−1} + √(1 − α_t²) ⊙ i_t ⊙ v_t, α_t = e^{−8 r_t softplus(Λ)}, r_t, i_t = σ(v_t W + b), o_t = h_t",
  spec: {
    rope: "none",
    convolution: { kind: "depthwise", size: 4, activation: "none", on: ["values"], bias: true },
    state: {
      featureMap: { kind: "one" },
      decay: { kind: "powered", source: "values" },
      write: { kind: "add", values: "variance", wholeFirst: true, input: { source: "values", bias: 0 } },
    },
    outputGate: { kind: "projected" },
  },
  oracles,
};
