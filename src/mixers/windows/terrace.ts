/** Blocks: a query sees its own block and the one before (a terrace), or both neighbours (BigBird's local blocks). */
import { z } from "zod";
import { add, and, greater, integers, less, not, quotient, subtract, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { windowOptions, withOptions } from "./options.ts";
import { causal, type Positions, plain, plainBlocks, type Sights, type Window } from "./window.ts";

/** Blocks of the sequence; `2 · size` is added so that positions before the first token divide towards zero too. */
function blockOf(position: Value, phase: number, size: number): Value {
  return quotient(add(position, integers([phase + 2 * size])), integers([size]));
}

/** How many blocks the key lies before the query's. */
function blocksBefore({ queries, keys, phase }: Positions, size: number): Value {
  return subtract(blockOf(queries, phase, size), blockOf(keys, phase, size));
}

/** The query's block of `size` and the one before; both ways, the one after too. */
export const terrace = kind(
  z.strictObject({
    kind: z.literal("terrace"),
    size: z.number().int().positive(),
    /** Whether blocks are counted from the sequence's first token, or so that one ends with the first call (default). */
    align: z.enum(["start", "end"]).optional(),
    /** Repeat the published code's double counting in sequences of at most `size` tokens. */
    compat: z.boolean().default(false),
    ...windowOptions,
  }),
  ({ size, align = "end", compat, ...options }): Sights => {
    const [one, minusOne] = [integers([1]), integers([-1])];
    const window: Window = {
      ...plain,
      capacity: () => 2 * size,
      sees: (positions) => and(causal(positions), not(greater(blocksBefore(positions, size), one))),
      leaves: { tokens: 2 * size, block: size },
      blocks: { ...plainBlocks, size, phased: true, align, sees: (query, key) => key <= query },
      lacks: { fused: "tokens leave a terrace in blocks, and fused operators take them one by one" },
      countsTwiceUpTo: compat ? size : 0,
    };
    const bothWays: Window = {
      ...plain,
      capacity: () => 2 * size,
      sees: (positions) => {
        const before = blocksBefore(positions, size);
        return and(not(less(before, minusOne)), not(greater(before, one)));
      },
      blocks: { ...plainBlocks, size, after: true, phased: true, align, sees: () => true },
    };
    const reason = 'blocks that end with the call move with its padding: set align to "start"';
    return withOptions({ causal: window, bothWays: align === "start" ? bothWays : reason }, options);
  },
);
