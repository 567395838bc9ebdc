/** Gated DeltaNet: the delta rule on a state that decays. */
import type { Preset } from "../preset.ts";
import { filtered } from "./common.ts";
import { oracles } from "./oracles/gated-delta-net.ts";

/** One decay per head. */
export const gatedDeltaNet: Preset = {
  name: "gated-delta-net",
  title: "Gated DeltaNet",
  paper: "arXiv 2412.06464",
  equation: "S' = α_t S_{t−1}, S_t = S' + β_t k_tᵀ (v_t − k_t S'), α_t = e^{−e^a softplus(x_t w + b)}, o_t = s q_t S_t",
  spec: {
    ...filtered,
    state: { featureMap: { kind: "unit" }, scale: "dim", decay: { kind: "step" }, write: { kind: "delta" } },
    outputGate: { kind: "projected" },
  },
  oracles,
};
