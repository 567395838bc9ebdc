/** States that keep all keys and values, for rules that read every token anew. */
import { add, and, cast, concat, less, not, numbers, reshape, slice, type Value } from "../../graph/index.ts";
import type { Form } from "../contract.ts";
import { repeatHeads } from "../heads.ts";
import { newest } from "../newest.ts";
import { initialOf, swapLast } from "./parts.ts";
import { placesOf } from "./places.ts";
import type { Recurred, Recurrence, RecurrentState, Tokens } from "./recurrence.ts";

/** The tokens of a call with all that its queries may read, `kept` of them from the state. */
export interface Kept {
  /** `[batch, heads, length, features]`. */
  readonly queries: Value;
  /** `[batch, heads, kept + length, features]`. */
  readonly keys: Value;
  /** `[batch, heads, kept + length, columns]`. */
  readonly values: Value;
  /** The keys that each query sees, bool `[batch or 1, 1, length, kept + length]`. */
  readonly sees: Value;
  /** The number of each token in its sequence, from 1; less for empty places and padding: `[batch or 1, 1, kept + length, 1]`. */
  readonly places: Value;
  /** The places of the queries alone, `[batch or 1, 1, length, 1]`. */
  readonly queryPlaces: Value;
  readonly gates: Readonly<Record<string, Value>>;
  readonly constants: Readonly<Record<string, Value>>;
}

/** What a query reads of the tokens up to its own: `[batch, heads, length, columns]`. */
export type Rule = (kept: Kept) => Value;

const names = ["keptKeys", "keptValues"] as const;

/** Places of the tokens that the state kept, the last of them the newest; less than 1 for empty ones. */
function placesBefore(seen: Value, capacity: number): Value {
  const back = Array.from({ length: capacity }, (_unused, index) => index + 1 - capacity);
  return add(reshape(cast(seen, "float32"), [-1, 1, 1, 1]), numbers(back, [1, 1, capacity, 1]));
}

/** The keys that queries see: tokens up to their own. */
function seesOf(places: Value, queryPlaces: Value): Value {
  const keyPlaces = swapLast(places);
  return and(not(less(keyPlaces, 1)), less(keyPlaces, add(queryPlaces, 1)));
}

function keptOf(tokens: Tokens): Kept {
  const { queries, keys, gates = {}, constants = {}, state, seen } = tokens;
  const own = { keptKeys: keys, keptValues: repeatHeads(tokens.values, queries.shape[1] ?? 1) };
  const [joinedKeys, joinedValues] = names.map((name) =>
    state === undefined ? own[name] : concat([initialOf(state, name), own[name]], 2),
  ) as [Value, Value];
  const place = placesOf(tokens);
  const capacity = (joinedKeys.shape[2] ?? 0) - (keys.shape[2] ?? 0);
  const places = capacity === 0 || seen === undefined ? place : concat([placesBefore(seen, capacity), place], 2);
  return {
    queries,
    keys: joinedKeys,
    values: joinedValues,
    sees: seesOf(places, place),
    places,
    queryPlaces: place,
    gates,
    constants,
  };
}

/** The newest tokens, for later calls. */
function stateAfter({ keys, values }: Kept, { state, count, queries }: Tokens): RecurrentState {
  if (state === undefined) return {};
  const length = queries.shape[2] ?? 1;
  const capacity = (keys.shape[2] ?? 0) - length;
  const kept = (all: Value) => newest(all, capacity, count);
  return { keptKeys: kept(keys), keptValues: kept(values) };
}

function form(rule: Rule) {
  return (tokens: Tokens): Recurred => {
    const kept = keptOf(tokens);
    return { output: rule(kept), state: stateAfter(kept, tokens) };
  };
}

/** Queries of one part, and the most parts of a call: more would make its program long. */
const [partLength, mostParts] = [64, 16];

/** A rule for some queries at a time, which meet the keys up to their own alone. */
function inParts(rule: Rule): Rule {
  return (kept) => {
    const { queries, keys, values, places, queryPlaces, gates } = kept;
    const length = queries.shape[2] ?? 1;
    const capacity = (keys.shape[2] ?? 1) - length;
    const size = Math.max(partLength, Math.ceil(length / mostParts));
    if (length <= size) return rule(kept);
    const parts = Array.from({ length: Math.ceil(length / size) }, (_unused, part) => {
      const [start, end] = [part * size, Math.min(length, (part + 1) * size)];
      const own = (x: Value) => (x.shape[2] === length ? slice(x, 2, start, end) : x);
      const upTo = (x: Value) => slice(x, 2, 0, capacity + end);
      const [seen, asking] = [upTo(places), own(queryPlaces)];
      return rule({
        ...kept,
        queries: own(queries),
        keys: upTo(keys),
        values: upTo(values),
        places: seen,
        queryPlaces: asking,
        sees: seesOf(seen, asking),
        gates: Object.fromEntries(Object.entries(gates).map(([name, gate]) => [name, own(gate)])),
      });
    });
    return concat(parts, 2);
  };
}

/** One rule by form; a step is as a chunk where it has no way of its own. */
export interface Rules {
  readonly parallel: Rule;
  readonly chunked: Rule;
  readonly step?: Rule;
  /** Whether chunks take all queries at once, not some at a time. */
  readonly atOnce?: boolean;
}

/** A rule over all tokens. */
export function keeping(
  { parallel, chunked, step = chunked, atOnce = false }: Rules,
  lacks: Partial<Record<Form, string>>,
): Recurrence {
  return {
    layout: ({ batch, heads, features, columns, length = 1 }) => ({
      keptKeys: [batch, heads, length, features],
      keptValues: [batch, heads, length, columns],
    }),
    parallel: form(parallel),
    chunked: form(atOnce ? chunked : inParts(chunked)),
    step: form(step),
    lacks,
  };
}
