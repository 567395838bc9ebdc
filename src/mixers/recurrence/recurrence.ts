/** What every recurrent state can do: the forms of one update rule. */
import type { Value } from "../../graph/index.ts";

/** Tokens of the state branch, in time order; a place whose value is zero holds no token. */
export interface Tokens {
  /** `[batch, heads, length, features]`. */
  readonly queries: Value;
  /** `[batch, heads, length, features]`. */
  readonly keys: Value;
  /** `[batch, groups, length, dim]`. */
  readonly values: Value;
  /** The state before the first token, `[batch, heads, features, dim]`; absent for zeros. */
  readonly state?: Value;
}

/** What a recurrence computes. */
export interface Recurred {
  /** The state read at each token, `[batch, heads, length, dim]`. */
  readonly output: Value;
  /** The state after the last token. */
  readonly state: Value;
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
  /** Quadratic, by masks: the oracle. */
  masked(tokens: MaskedTokens): Recurred;
  /** Linear in the length, by matrix products over chunks. */
  chunked(tokens: ChunkedTokens): Recurred;
  /** One token. */
  step(tokens: Tokens): Recurred;
  /** One fused operator. */
  fused(tokens: Tokens): Recurred;
}
