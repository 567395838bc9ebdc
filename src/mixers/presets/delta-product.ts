/** DeltaProduct: several steps of the delta rule per token. */
import type { Preset } from "../preset.ts";
import { filtered } from "./common.ts";
import { gatedOracles, oracles } from "./oracles/delta-product.ts";

const state = { featureMap: { kind: "unit" }, scale: "dim", write: { kind: "product" } } as const;

/** No decay. */
export const deltaProduct: Preset = {
  name: "delta-product",
  title: "DeltaProduct",
  paper: "arXiv 2502.10297",
  equation: "S_tj = S_t,j−1 + β_tj k_tjᵀ (v_tj − k_tj S_t,j−1), j = 1..n, S_t0 = S_t−1,n, o_t = s q_t S_tn",
  spec: { ...filtered, state },
  oracles,
};

/** One decay per head, before a token's first step. */
export const gatedDeltaProduct: Preset = {
  name: "gated-delta-product",
  title: "Gated DeltaProduct",
  paper: "arXiv 2502.10297",
  equation: "as delta-product from S_t0 = α_t S_t−1,n, α_t = e^{−e^a softplus(x_t w + b)}",
  spec: { ...filtered, state: { ...state, decay: { kind: "step" } }, outputGate: { kind: "projected" } },
  oracles: gatedOracles,
};
