/** DeltaProduct: several steps of the delta rule per token. */
import type { Preset } from "../preset.ts";
import { bare, filtered, final, givenDecay, initial } from "./common.ts";

const given = { source: "given" } as const;
const operator = {
  featureMap: { kind: "identity" },
  write: { strength: given, keys: given, unit: false, values: given, strengths: given },
};
/** The file's rows 2t and 2t + 1 are a token's two steps. */
const tensors = {
  queries: "q:BHTK",
  keys: "k[0::2]:BHTK",
  values: "v[0::2]:BHTV",
  "stream.strength": "beta[0::2]:BHTI",
  "stream.moreKeys": "k[1::2]:BHTK",
  "stream.moreValues": "v[1::2]:BHTV",
  "stream.moreStrengths": "beta[1::2]:BHTI",
  ...initial,
} as const;
const oracle = { function: "gated_delta_product.naive.naive_recurrent_gated_delta_product", states: final } as const;
const state = { featureMap: { kind: "unit" }, scale: "dim", write: { kind: "product" } } as const;

/** No decay. */
export const deltaProduct: Preset = {
  name: "delta-product",
  title: "DeltaProduct",
  paper: "arXiv 2502.10297",
  equation: "S_tj = S_t,j−1 + β_tj k_tjᵀ (v_tj − k_tj S_t,j−1), j = 1..n, S_t0 = S_t−1,n, o_t = s q_t S_tn",
  spec: { ...filtered, state },
  oracles: [{ ...oracle, spec: { ...bare, state: operator }, tensors }],
};

/** One decay per head, before a token's first step. */
export const gatedDeltaProduct: Preset = {
  name: "gated-delta-product",
  title: "Gated DeltaProduct",
  paper: "arXiv 2502.10297",
  equation: "as delta-product from S_t0 = α_t S_t−1,n, α_t = e^{−e^a softplus(x_t w + b)}",
  spec: { ...filtered, state: { ...state, decay: { kind: "step" } }, outputGate: { kind: "projected" } },
  oracles: [
    {
      ...oracle,
      spec: { ...bare, state: { ...operator, decay: givenDecay("head") } },
      tensors: { ...tensors, "stream.decay": "g:BHTI" },
    },
  ],
};
