/** Kernelised attention with relative positions, by Fourier transforms. */
import type { Preset } from "../preset.ts";

/** Exponential features of unit vectors, weighed by distance; decoding keeps every token. */
export const rpeFft: Preset = {
  name: "rpe-fft",
  title: "Kernelised attention with relative positions, by transforms",
  paper: "arXiv 2106.12566",
  equation: "o_t = Σ_{j≤t} e^{b_{t−j}} φ(q_t)·φ(k_j) v_j / Σ_{j≤t} e^{b_{t−j}} φ(q_t)·φ(k_j), φ = exp(W x / ‖x‖)",
  spec: {
    rope: "none",
    state: {
      featureMap: { kind: "projected", activation: "exp", unit: true, bias: false },
      write: { kind: "distance", span: 2048, far: "transform" },
    },
    normalize: { kind: "row" },
  },
};
