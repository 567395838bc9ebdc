/** What a feature map φ is: the state's kernel is the inner product of φ of queries and φ of keys. */
import type { Value } from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import { repeatHeads } from "../heads.ts";
import type { Parameters } from "../parameter.ts";

type Learned = MixerInputs["parameters"];

/** The learned map of queries. */
export const queryMap = "featureMap.queries";
/** The learned map of keys. */
export const keyMap = "featureMap.keys";

/** What a kind of feature map declares. */
export interface FeatureMap {
  /** Features of one head. */
  features(sizes: MixerSizes): number;
  parameters(sizes: MixerSizes): Parameters;
  /** φ of queries `[batch, heads, length, dim]`: `[batch, heads, length, features]`. */
  queries(x: Value, parameters: Learned): Value;
  /** φ of keys `[batch, groups, length, dim]`, per query head: `[batch, heads, length, features]`. */
  keys(x: Value, parameters: Learned, heads: number): Value;
  /** The features of tokens at places `[batch or 1, 1, length, 1]`, counted from 0; absent where places do not matter. */
  place?(features: Value, places: Value): Value;
}

/** A map without parameters, the same for all heads. */
export function fixed(f: (x: Value) => Value, features: (dim: number) => number = (dim) => dim): FeatureMap {
  return {
    features: ({ dim }) => features(dim),
    parameters: () => ({}),
    queries: f,
    keys: (x, _parameters, heads) => repeatHeads(f(x), heads),
  };
}
