/** The newest keys: each one leaves the window on its own. */
import { z } from "zod";
import { and, greater, integers, subtract } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { windowOptions, withOptions } from "./options.ts";
import { causal, type Positions, plain, plainBlocks, type Sights, type Window } from "./window.ts";

/** The newest `size` keys, the query's own included; or, both ways, those less than `size` places away. */
export const slide = kind(
  z.strictObject({ kind: z.literal("slide"), size: z.number().int().positive(), ...windowOptions }),
  ({ size, ...options }): Sights => {
    const near = ({ queries, keys }: Pick<Positions, "queries" | "keys">) =>
      greater(keys, subtract(queries, integers([size])));
    const window: Window = {
      ...plain,
      capacity: () => size,
      sees: (positions) => and(causal(positions), near(positions)),
      leaves: { tokens: size },
      blocks: { ...plainBlocks, size, sees: (query, key) => key <= query && key > query - size },
      newest: { tokens: size, stride: 1 },
      operator: size,
    };
    const bothWays: Window = {
      ...plain,
      capacity: () => size,
      sees: ({ queries, keys }) => and(near({ queries, keys }), near({ queries: keys, keys: queries })),
      blocks: { ...plainBlocks, size, after: true, sees: (query, key) => Math.abs(query - key) < size },
    };
    return withOptions({ causal: window, bothWays }, options);
  },
);
