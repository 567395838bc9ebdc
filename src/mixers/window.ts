/** The window axis: which keys a query meets with exact softmax weights. */
import { z } from "zod";
import { add, and, greater, integers, less, not, quotient, subtract, type Value } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import type { Form, MixerSizes } from "./contract.ts";

/** Where queries and keys stand, as int64 positions in the sequence that broadcast against each other. */
export interface Positions {
  readonly queries: Value;
  readonly keys: Value;
  /** Where the sequence's first token lies in its block. */
  readonly phase: number;
}

/** What a kind of window declares. */
export interface Window {
  /** Newest keys that later queries may still need. */
  capacity(sizes: MixerSizes): number;
  /** The causal keys each query sees. */
  sees(positions: Positions): Value;
  /** How keys leave the window; absent where they never do. */
  readonly leaves?: Delay;
  /** Blocks of queries each of which sees its own block, causally, and a part of the one before; absent for all keys. */
  readonly blocks?: WindowBlocks;
  /** Why a form cannot be built with this window. */
  readonly lacks?: Partial<Record<Form, string>>;
  /** Published code counts every key twice in sequences up to this length (0: never). */
  readonly countsTwiceUpTo: number;
}

/** How long tokens wait before they move on. */
export interface Delay {
  /** Steps. */
  readonly tokens: number;
  /** Tokens move in whole blocks of this size, at once when a block begins; absent where each moves on its own. */
  readonly block?: number;
}

/** A window cut into blocks. */
export interface WindowBlocks {
  readonly size: number;
  /** Whether the query of index `query` in its block sees the key of index `key` in the block before. */
  seesBefore(query: number, key: number): boolean;
  /** Whether blocks begin at the sequence's phase rather than at its first token. */
  readonly phased: boolean;
}

const size = z.number().int().positive();

/** Keys that came no later than the query. */
export const causal = ({ queries, keys }: Pick<Positions, "queries" | "keys">): Value =>
  less(keys, add(queries, integers([1])));

const full = kind(
  z.strictObject({ kind: z.literal("full") }),
  (): Window => ({
    capacity: (sizes) => sizes.length,
    sees: causal,
    countsTwiceUpTo: 0,
  }),
);

const slide = kind(
  z.strictObject({ kind: z.literal("slide"), size }),
  ({ size }): Window => ({
    capacity: () => size,
    sees: (positions) => and(causal(positions), greater(positions.keys, subtract(positions.queries, integers([size])))),
    leaves: { tokens: size },
    blocks: { size, seesBefore: (query, key) => key > query, phased: false },
    countsTwiceUpTo: 0,
  }),
);

/** Blocks of the sequence; `2 · size` is added so that positions before the first token divide towards zero too. */
function blockOf(position: Value, phase: number, size: number): Value {
  return quotient(add(position, integers([phase + 2 * size])), integers([size]));
}

const terrace = kind(
  z.strictObject({
    kind: z.literal("terrace"),
    size,
    /** Repeat the published code's double counting in sequences of at most `size` tokens. */
    compat: z.boolean().default(false),
  }),
  ({ size, compat }): Window => ({
    capacity: () => 2 * size,
    sees: (positions) => {
      const query = blockOf(positions.queries, positions.phase, size);
      const key = blockOf(positions.keys, positions.phase, size);
      return and(causal(positions), not(less(key, subtract(query, integers([1])))));
    },
    leaves: { tokens: 2 * size, block: size },
    blocks: { size, seesBefore: () => true, phased: true },
    lacks: { fused: "tokens leave a terrace in blocks, and fused operators take them one by one" },
    countsTwiceUpTo: compat ? size : 0,
  }),
);

/** All windows: `full` (softmax attention), `slide` (the newest keys), `terrace` (own block and the one before). */
export const windows = axis({ full, slide, terrace });

/** A window's options. */
export type WindowOptions = z.output<typeof windows.schema>;
