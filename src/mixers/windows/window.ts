/** What every window can say: which keys a query meets with exact softmax weights, and what later calls need of them. */
import { add, integers, less, type Value } from "../../graph/index.ts";
import type { Form, MixerInputs, MixerSizes } from "../contract.ts";
import type { Parameters } from "../parameter.ts";
import { asTheyAre, type Store } from "./store.ts";

/** Where queries and keys stand, as int64 positions in the sequence that broadcast against each other. */
export interface Positions {
  readonly queries: Value;
  readonly keys: Value;
  /** Where the sequence's first token lies in its block. */
  readonly phase: number;
  /** The call's streams. */
  readonly streams?: Readonly<Record<string, Value>> | undefined;
  /** What the keys are worth to a window that retains some, `[batch, groups, 1, keys]`. */
  readonly salience?: Value | undefined;
  /** Without those that it retains. */
  readonly alone?: boolean;
}

/** Tokens that a window keeps of those that leave it. */
export interface Retention {
  readonly tokens: number;
  /** Keys that are all seen before a query's block, and keys of a block. */
  readonly size: number;
  readonly block: number;
  /** What a call's tokens at `places` `[batch or 1, 1, length, 1]` are worth, `[batch, groups, length, 1]`: the highest stay. */
  salience(inputs: MixerInputs, sizes: MixerSizes, places: Value): Value;
  /** What the window sees, for a call of so many queries: linear in the keys. */
  sees(positions: Positions, length: number): Value;
}

/** What a window declares. */
export interface Window {
  /** Newest keys that later queries may still need. */
  capacity(sizes: MixerSizes): number;
  /** The keys each query sees, `[batch or 1, (heads,) queries, keys]`. */
  sees(positions: Positions): Value;
  /** How keys leave the window; absent where they never do, or come back. */
  readonly leaves?: Delay;
  /** Blocks of queries each of which meets its own block and neighbours; absent where there are none, and forms use masks. */
  readonly blocks?: WindowBlocks;
  /** What one token meets of the newest keys; absent where that depends on more than its distance. */
  readonly newest?: NewestKeys;
  /** The size of the engine's attention operator that computes just this (0: all keys); absent where none does. */
  readonly operator?: number;
  /** First tokens of the sequence that all later queries see, kept apart from the newest. */
  readonly first: number;
  /** Whether queries meet them from capped positions. */
  readonly cappedFirst?: boolean;
  /** Tokens that stay when they leave; absent where none does. */
  readonly retains?: Retention;
  /** How keys fade as the sequence goes on; absent where they do not. */
  readonly fading?: Fading;
  /** How keys and values are kept from call to call. */
  readonly store: Store;
  /** Learned scores of each head that take weight and give no value. */
  readonly logits: number;
  parameters(sizes: MixerSizes): Parameters;
  /** Shapes of the streams it reads. */
  streams(sizes: MixerSizes): Readonly<Record<string, readonly number[]>>;
  /** Throws a MixerError where a call has more tokens than the window has places. */
  check?(sizes: MixerSizes): void;
  /** Why a form cannot be built with this window. */
  readonly lacks?: Partial<Record<Form, string>>;
  /** Published code counts every key twice in sequences up to this length (0: never). */
  readonly countsTwiceUpTo: number;
}

/** A kind of window for mixers that read forwards, and for those that read both ways; a string says why there is none. */
export interface Sights {
  readonly causal: Window | string;
  readonly bothWays: Window | string;
}

/** How long tokens wait before they move on. */
export interface Delay {
  /** Steps. */
  readonly tokens: number;
  /** Tokens move in whole blocks of this size, at once when a block begins; absent where each moves on its own. */
  readonly block?: number;
  /** The sequence's first tokens, which never move. */
  readonly stay?: number;
}

/** The newest keys, the query's own included, of which every `stride`-th is seen, counted from the query. */
export interface NewestKeys {
  /** Absent for all keys. */
  readonly tokens?: number;
  readonly stride: number;
}

/** A window cut into blocks. With a stride, every `stride`-th token makes a sequence of its own, and those are cut. */
export interface WindowBlocks {
  readonly size: number;
  readonly stride: number;
  /** Whether the query of index `query` in its block sees the key of index `key`, negative in the block before. */
  sees(query: number, key: number): boolean;
  /** Whether the block after is met too. */
  readonly after: boolean;
  /** Whether blocks begin at the sequence's phase rather than at its first token. */
  readonly phased: boolean;
  /** Where blocks begin when the call does not say: with the sequence, or so that the last ends with it. */
  readonly align: "start" | "end";
  /** Tokens before the first block, which see everything. */
  readonly from: number;
}

/** The log factors by which keys fade at each token, `[batch, heads, length, 1]`. */
export type Fading = (inputs: MixerInputs, sizes: MixerSizes) => Value;

/** What most windows do not have. */
export const plain = {
  first: 0,
  store: asTheyAre,
  logits: 0,
  countsTwiceUpTo: 0,
  parameters: () => ({}),
  streams: () => ({}),
} as const;

/** Blocks of neighbours that begin with the sequence. */
export const plainBlocks = { stride: 1, after: false, phased: false, align: "start", from: 0 } as const;

/** Keys that came no later than the query. */
export const causal = ({ queries, keys }: Pick<Positions, "queries" | "keys">): Value =>
  less(keys, add(queries, integers([1])));
