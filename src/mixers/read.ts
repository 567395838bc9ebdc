/** The read axis: which tokens the state holds when a query reads it. */
import { z } from "zod";
import { and, less, not, type Value } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import { causal, type Delay, type Positions, type Window } from "./windows/index.ts";

/** What a kind of read declares. */
export interface Read {
  /** The keys that a state read at the queries' positions holds. */
  holds(positions: Positions, window: Window | undefined): Value;
  /** How long tokens wait before they enter the state; undefined where they never do. */
  delay(window: Window | undefined): Delay | undefined;
  /** Whether queries can also read the tokens after them. */
  readonly bothWays: boolean;
  /** Whether a query reads the state with its own token in it, or as it was before. */
  readonly order: "after" | "before";
}

const atOnce: Delay = { tokens: 0 };

const all = kind(
  z.strictObject({ kind: z.literal("all") }),
  (): Read => ({
    holds: causal,
    delay: () => atOnce,
    bothWays: true,
    order: "after",
  }),
);

const before = kind(
  z.strictObject({ kind: z.literal("before") }),
  (): Read => ({
    holds: ({ queries, keys }) => less(keys, queries),
    delay: () => atOnce,
    bothWays: false,
    order: "before",
  }),
);

const outsideWindow = kind(
  z.strictObject({ kind: z.literal("outside-window") }),
  (): Read => ({
    holds: (positions, window) =>
      window === undefined ? causal(positions) : and(causal(positions), not(window.sees(positions))),
    delay: (window) => (window === undefined ? atOnce : window.leaves),
    bothWays: false,
    order: "after",
  }),
);

/** All reads: `all` tokens up to the query, those `before` it, or those `outside-window`. */
export const reads = axis({ all, before, "outside-window": outsideWindow });
