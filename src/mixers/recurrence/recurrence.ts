/** What every recurrent state can do: the forms of one update rule. */
import type { Shape, Value } from "../../graph/index.ts";
import type { Form } from "../contract.ts";

/** The tensors of a state by name. */
export type RecurrentState = Readonly<Record<string, Value>>;

/** The sizes of a state. */
export interface RecurrentSizes {
  readonly batch: number;
  readonly heads: number;
  readonly features: number;
  /** Columns: the values' dimensions, and one more where the sum of weights is carried. */
  readonly columns: number;
  /** The most tokens that a sequence may have, for states that keep them all (default: 1). */
  readonly length?: number;
}

/** Tokens of the state branch, in time order; a place whose value is zero holds no token. */
export interface Tokens {
  /** `[batch, heads, length, features]`. */
  readonly queries: Value;
  /** `[batch, heads, length, features]`. */
  readonly keys: Value;
  /** `[batch, groups, length, columns]`. */
  readonly values: Value;
  /** What else the update rule reads: `decay` `[batch or 1, heads, length or 1, width]` (log α ≤ 0), `strength`, … */
  readonly gates?: Readonly<Record<string, Value>>;
  /** What the rule reads that no token brings: learned numbers. */
  readonly constants?: Readonly<Record<string, Value>>;
  /** The state before the first token; absent for zeros. */
  readonly state?: RecurrentState;
  /** How many tokens came before, `[batch]` int64; absent for none. */
  readonly seen?: Value;
  /** How many tokens are real, `[batch]` int64; absent for all. The rest are padding on the right, of zeros. */
  readonly count?: Value;
}

/** What a recurrence computes. */
export interface Recurred {
  /** The state read at each token, `[batch, heads, length, columns]`. */
  readonly output: Value;
  /** The state after the last token. */
  readonly state: RecurrentState;
}

/** Tokens of which each query reads some: `keys` and `values` may be longer than `queries`. */
export interface MaskedTokens extends Tokens {
  /** The tokens each query reads, bool `[1 or batch, 1, queries, keys]`. */
  readonly reads: Value;
  /** The tokens that the final state holds, bool `[1 or batch, 1, keys, 1]`. */
  readonly kept: Value;
}

/** Tokens cut into chunks. */
export interface ChunkedTokens extends Tokens {
  /** Tokens of one chunk. */
  readonly chunk: number;
  /** Whether a query reads its whole chunk, or only up to its own place. */
  readonly wholeChunks: boolean;
}

/** The forms of one update rule. */
export interface Recurrence {
  /** The state's tensors. */
  layout(sizes: RecurrentSizes): Readonly<Record<string, Shape>>;
  /** Quadratic: the oracle. Every query reads all tokens up to its own. */
  parallel(tokens: Tokens): Recurred;
  /** Linear in the length, by matrix products over chunks. */
  chunked(tokens: ChunkedTokens): Recurred;
  /** One token. */
  step(tokens: Tokens): Recurred;
  /** One fused operator. */
  fused?(tokens: Tokens): Recurred;
  /** Every query reads all tokens, linear in the length; absent where the order of the tokens matters. */
  whole?(tokens: Tokens): Recurred;
  /** The same, quadratic: its oracle, where `masked` is not. */
  dense?(tokens: Tokens): Recurred;
  /** Quadratic, by masks, for states that hold other tokens than all up to the query's; absent where it cannot be. */
  masked?(tokens: MaskedTokens): Recurred;
  /** Why a form cannot be built. */
  readonly lacks?: Partial<Record<Form, string>>;
}
