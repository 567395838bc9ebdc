/** Flowformer, causal: linear attention that conserves what flows. */
import type { Preset } from "../preset.ts";

/** Sigmoid features; keys compete and queries allocate by the sums so far. */
export const flowformerCausal: Preset = {
  name: "flowformer-causal",
  title: "Flowformer (causal)",
  paper: "arXiv 2202.06258",
  equation:
    "o_t = σ(ĉ_t) I_t/t σ(q_t) Σ_{j≤t} σ(k_j)ᵀ w_j v_j, I_t = t / σ(q_t)·Σσ(k), w_j = j e^{c_j} / Σ_{i≤j} e^{c_i}",
  spec: { state: { featureMap: { kind: "sigmoid" }, write: { kind: "flow" } } },
};
