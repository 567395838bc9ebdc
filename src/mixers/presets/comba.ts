/** Comba: the delta rule that erases by a weaker key, and reads by a corrected query. */
import type { Preset } from "../preset.ts";
import { filtered } from "./common.ts";
import { oracles } from "./oracles/comba.ts";

/** One decay per head; the erasure reads the state before its decay. */
export const comba: Preset = {
  name: "comba",
  title: "Comba",
  paper: "arXiv 2506.02475",
  equation: "S_t = α_t S_{t−1} + β_t k_tᵀ (v_t − p_t S_{t−1}), p_t = σ(d) k_t, o_t = s (q_t − D p_t) S_t",
  spec: {
    ...filtered,
    state: {
      featureMap: { kind: "unit" },
      scale: "dim",
      decay: { kind: "step" },
      write: {
        kind: "erase",
        erase: { source: "learned", bias: 1 },
        erasePer: "head",
        gates: true,
        reads: "undecayed",
        correction: { source: "learned", activation: "none" },
      },
    },
    outputGate: { kind: "projected", activation: "sigmoid" },
  },
  oracles,
};
