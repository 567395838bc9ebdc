/** Flowformer, both ways: linear attention that conserves what flows. */
import type { Preset } from "../preset.ts";

/** Keys compete by a softmax over all tokens. */
export const flowformer: Preset = {
  name: "flowformer",
  title: "Flowformer",
  paper: "arXiv 2202.06258",
  equation: "o_i = σ(ĉ_i) I_i/N σ(q_i) Σ_j σ(k_j)ᵀ w_j v_j, I_i = N / σ(q_i)·Σσ(k), w = N softmax(c)",
  spec: { causal: false, state: { featureMap: { kind: "sigmoid" }, write: { kind: "flow" } } },
};
