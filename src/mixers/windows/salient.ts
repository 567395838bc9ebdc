/** The newest keys, and of those that leave them the ones worth keeping. */
import { z } from "zod";
import {
  add,
  and,
  cast,
  equal,
  greater,
  integers,
  less,
  matmul,
  multiply,
  not,
  or,
  pick,
  quotient,
  reshape,
  slice,
  subtract,
  topIndices,
  transpose,
  type Value,
  where,
} from "../../graph/index.ts";
import { kind } from "../axis.ts";
import type { MixerSizes } from "../contract.ts";
import { MixerError } from "../errors.ts";
import { projection } from "../gates/projection.ts";
import { hidden } from "../recurrence/triangle.ts";
import { windowOptions, withOptions } from "./options.ts";
import { type Positions, plain, type Retention, type Sights, type Window } from "./window.ts";

/**
 * Keys move in blocks: a query sees its own block, the `size` keys before it and, of all keys before those, the `tokens` of
 * highest salience in each group of heads. Salience is projected from the stream and grows a little with every place (`age`,
 * in nats): old tokens make room before they stand farther away than a model was trained to look. After learned eviction
 * (arXiv 2506.05345), with a memory of constant size.
 */
export const salient = kind(
  z.strictObject({
    kind: z.literal("salient"),
    size: z.number().int().positive(),
    tokens: z.number().int().positive(),
    block: z.number().int().positive().default(128),
    age: z.number().positive().default(1e-3),
    sinks: windowOptions.sinks,
    store: windowOptions.store,
  }),
  ({ size, tokens, block, age, ...options }): Sights => {
    const scores = projection("window.salience", { source: "hidden" });
    const ofGroups = (sizes: MixerSizes) => ({ ...sizes, heads: sizes.groups });
    const retention: Retention = {
      tokens,
      size,
      block,
      salience: (inputs, sizes, places) =>
        add(scores.read(inputs, ofGroups(sizes), 1), multiply(cast(places, "float32"), age)),
      sees: (positions, length) => chosen(positions, retention, length),
    };
    const window: Window = {
      ...plain,
      capacity: () => size + block,
      sees: (positions) => ranked(positions, retention),
      retains: retention,
      parameters: (sizes) => scores.parameters(ofGroups(sizes), 1),
      streams: (sizes) => scores.streams(ofGroups(sizes), 1),
    };
    return withOptions({ causal: window, bothWays: "tokens leave it in their order" }, options);
  },
);

/** Positions over groups: `[batch or 1, 1, queries, 1]` and `[batch or 1, 1, 1, keys]`, and `salience` `[batch, groups, 1, keys]`. */
function overGroups({ queries, keys, salience }: Positions) {
  if (salience === undefined) throw new MixerError("a window that retains tokens was not given their salience");
  return {
    queries: reshape(queries, [queries.shape[0] ?? 1, 1, -1, 1]),
    keys: reshape(keys, [keys.shape[0] ?? 1, 1, 1, -1]),
    salience,
  };
}

/** Where the keys end that have left the window, as queries at the given positions see it. */
export function endOfGone(queries: Value, { size, block }: Pick<Retention, "size" | "block">): Value {
  return subtract(multiply(quotient(queries, integers([block])), integers([block])), integers([size]));
}

/** Keys that have left the window, not empty places. */
export const gone = (keys: Value, end: Value): Value => and(less(keys, end), not(less(keys, integers([0]))));

const near = (queries: Value, keys: Value, end: Value) =>
  and(not(less(keys, end)), less(keys, add(queries, integers([1]))));

/** A mask that is the same for all groups, as `[batch or 1, queries, keys]`. */
const forAllGroups = (mask: Value) => reshape(mask, [mask.shape[0] ?? 1, ...mask.shape.slice(2)]);

/** Sees by ranks among all that have left: quadratic in the keys, the oracle. */
function ranked(positions: Positions, retention: Retention): Value {
  const { queries, keys, salience } = overGroups(positions);
  const end = endOfGone(queries, retention);
  const window = near(queries, keys, end);
  if (positions.alone) return forAllGroups(window);
  const left = gone(keys, end);
  const beats = cast(greater(transpose(salience, [0, 1, 3, 2]), salience), "float32");
  return or(window, and(left, less(matmul(cast(left, "float32"), beats), retention.tokens)));
}

/** The least salience of the keys that stay when those before `end` have left, `[batch, groups, 1, 1]`. */
function least(keys: Value, salience: Value, tokens: number, end: Value): Value {
  const candidates = where(gone(keys, end), salience, hidden);
  const count = Math.min(tokens, candidates.shape[3] ?? 1);
  return pick(candidates, slice(topIndices(candidates, count), 3, count - 1));
}

/** Sees by the least salience that stays, for each block that a call of so many tokens may touch. */
function chosen(positions: Positions, { size, block, tokens }: Retention, length: number): Value {
  const { queries, keys, salience } = overGroups(positions);
  const end = endOfGone(queries, { size, block });
  const window = near(queries, keys, end);
  if (positions.alone) return forAllGroups(window);
  const first = slice(end, 2, 0, 1);
  const blocks = Math.ceil((length - 1) / block) + 1;
  const stay = Array.from({ length: blocks }, (_unused, index) => {
    const own = add(first, integers([index * block]));
    const high = and(gone(keys, own), not(less(salience, least(keys, salience, tokens, own))));
    return and(equal(end, own), high);
  });
  return [window, ...stay].reduce((any, one) => or(any, one));
}
