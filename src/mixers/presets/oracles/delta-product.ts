/** How published code of DeltaProduct is read, with and without a decay. */
import type { Oracle } from "../../preset.ts";
import { bare, final, givenDecay, initial } from "../common.ts";

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

/** Without a decay. */
export const oracles: readonly Oracle[] = [{ ...oracle, spec: { ...bare, state: operator }, tensors }];

/** With a decay per head. */
export const gatedOracles: readonly Oracle[] = [
  {
    ...oracle,
    spec: { ...bare, state: { ...operator, decay: givenDecay("head") } },
    tensors: { ...tensors, "stream.decay": "g:BHTI" },
  },
];
