/** Every d-th key: a window of the same cost that reaches d times as far (Longformer, arXiv 2004.05150). */
import { z } from "zod";
import { and, equal, integers, less, multiply, quotient, subtract, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { windowOptions, withOptions } from "./options.ts";
import { causal, type Positions, plain, plainBlocks, type Sights, type Window } from "./window.ts";

/** `size` keys, each `stride` places before the next, the query's own the last; both ways, as many after it. */
export const dilated = kind(
  z.strictObject({
    kind: z.literal("dilated"),
    size: z.number().int().positive(),
    stride: z.number().int().positive(),
    ...windowOptions,
  }),
  ({ size, stride, ...options }): Sights => {
    const reach = size * stride;
    const onLattice = (distance: Value) =>
      equal(distance, multiply(quotient(distance, integers([stride])), integers([stride])));
    const near = (distance: Value) => and(onLattice(distance), less(distance, integers([reach])));
    const distance = ({ queries, keys }: Positions) => subtract(queries, keys);
    const window: Window = {
      ...plain,
      capacity: () => reach,
      sees: (positions) => and(causal(positions), near(distance(positions))),
      blocks: { ...plainBlocks, size, stride, sees: (query, key) => key <= query && key > query - size },
      newest: { tokens: reach, stride },
    };
    const bothWays: Window = {
      ...plain,
      capacity: () => reach,
      sees: (positions) =>
        and(near(distance(positions)), less(subtract(positions.keys, positions.queries), integers([reach]))),
      blocks: { ...plainBlocks, size, stride, after: true, sees: (query, key) => Math.abs(query - key) < size },
    };
    return withOptions({ causal: window, bothWays }, options);
  },
);
