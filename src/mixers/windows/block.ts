/** Blocks that see nothing but themselves: diagonal attention (TransNormer, arXiv 2210.10340). */
import { z } from "zod";
import { add, and, equal, integers, quotient } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { windowOptions, withOptions } from "./options.ts";
import { causal, type Positions, plain, plainBlocks, type Sights, type Window } from "./window.ts";

/** The query's own block of `size`, counted from the sequence's first token. */
export const block = kind(
  z.strictObject({ kind: z.literal("block"), size: z.number().int().positive(), ...windowOptions }),
  ({ size, ...options }): Sights => {
    // `size` is added so that empty places before the first token divide towards zero too.
    const blockOf = (position: Positions["keys"], phase: number) =>
      quotient(add(position, integers([phase + size])), integers([size]));
    const same = ({ queries, keys, phase }: Positions) => equal(blockOf(queries, phase), blockOf(keys, phase));
    const blocks = { ...plainBlocks, size, phased: true } as const;
    const window: Window = {
      ...plain,
      capacity: () => size,
      sees: (positions) => and(causal(positions), same(positions)),
      leaves: { tokens: size, block: size },
      blocks: { ...blocks, sees: (query, key) => key >= 0 && key <= query },
      lacks: { fused: "tokens leave a block at once, and fused operators take them one by one" },
    };
    const bothWays: Window = {
      ...plain,
      capacity: () => size,
      sees: same,
      // Only where blocks after are met do keys end with the call.
      blocks: { ...blocks, after: true, sees: (_query, key) => key >= 0 && key < size },
    };
    return withOptions({ causal: window, bothWays }, options);
  },
);
