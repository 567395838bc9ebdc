/** The read axis: which tokens the state holds when a query reads it. */
import { z } from "zod";
import { and, not, type Value } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import { causal, type Delay, type Positions, type Window } from "./window.ts";

/** What a kind of read declares. */
export interface Read {
  /** The keys that a state read at the queries' positions holds. */
  holds(positions: Positions, window: Window | undefined): Value;
  /** How long tokens wait before they enter the state; undefined where they never do. */
  delay(window: Window | undefined): Delay | undefined;
}

const atOnce: Delay = { tokens: 0 };

const all = kind(z.strictObject({ kind: z.literal("all") }), (): Read => ({ holds: causal, delay: () => atOnce }));

const outsideWindow = kind(
  z.strictObject({ kind: z.literal("outside-window") }),
  (): Read => ({
    holds: (positions, window) =>
      window === undefined ? causal(positions) : and(causal(positions), not(window.sees(positions))),
    delay: (window) => (window === undefined ? atOnce : window.leaves),
  }),
);

/** All reads: `all` tokens up to the query, or those `outside-window`. */
export const reads = axis({ all, "outside-window": outsideWindow });
