/** Softmax attention over tokens that change as later ones come: states keep them all, as they are at the end of a call. */
import {
  add,
  and,
  broadcastTo,
  cast,
  concat,
  cumulativeSum,
  less,
  not,
  numbers,
  pad,
  reshape,
  scalar,
  slice,
  softmax,
  subtract,
  type Value,
  where,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { newest } from "../newest.ts";
import { chunkLength } from "./chunks.ts";
import { initialOf, swapLast } from "./parts.ts";
import { placesOf } from "./places.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { hidden, unitLowerInverse } from "./triangle.ts";

/** Tokens as a memory keeps them. */
export interface Memory {
  /** `[batch, heads, kept, features]`. */
  readonly keys: Value;
  /** `[batch, heads, kept, columns]`. */
  readonly values: Value;
  /** What each has faded by, as a logarithm, `[batch, heads, kept, 1]`. */
  readonly faded: Value;
  /** Their numbers in the sequence, from 1; less for empty places: `[batch or 1, 1, kept, 1]`. */
  readonly places: Value;
}

/** A part of a call: its tokens as a memory, which have faded by nothing yet, with what they bring beside. */
export interface Part {
  readonly own: Memory;
  readonly queries: Value;
  /** Log decays up to each token, its own included, `[batch, heads, length, 1]`. */
  readonly reach: Value;
  /** Gates, `[batch, heads, length, width]`. */
  readonly gates: Readonly<Record<string, Value>>;
}

/** What a part of a call reads of the memory and of itself, and the memory with it, in the same order. */
export type Reading = (memory: Memory | undefined, part: Part) => { readonly output: Value; readonly memory: Memory };

/** The keys that queries see, those of tokens up to their own or before it, not of empty places: bool `[…, queries, keys]`. */
export function visible(queryPlaces: Value, keyPlaces: Value, itself = true): Value {
  const across = swapLast(keyPlaces);
  return and(not(less(across, 1)), less(across, itself ? add(queryPlaces, 1) : queryPlaces));
}

/** Softmax over what is seen; 0 everywhere where nothing is. */
export function weigh(scores: Value, sees: Value): Value {
  return where(sees, softmax(where(sees, scores, hidden)), 0);
}

/** (I + A)⁻¹ of strictly lower triangular A of any size. */
export function lowerInverse(a: Value): Value {
  const size = a.shape.at(-1) ?? 1;
  const more = 2 ** Math.ceil(Math.log2(size)) - size;
  const [rows, columns] = [a.shape.length - 2, a.shape.length - 1];
  const inverse = unitLowerInverse(pad(pad(a, columns, 0, more), rows, 0, more));
  return slice(slice(inverse, columns, 0, size), rows, 0, size);
}

/** Two memories, one after the other. */
export function joined(a: Memory | undefined, b: Memory): Memory {
  if (a === undefined) return b;
  const [x, y] = [batched(a.places, b.places), batched(b.places, a.places)];
  return {
    keys: concat([a.keys, b.keys], 2),
    values: concat([a.values, b.values], 2),
    faded: concat([a.faded, b.faded], 2),
    places: concat([x, y], 2),
  };
}

const batched = (x: Value, like: Value) =>
  broadcastTo(x, [Math.max(x.shape[0] ?? 1, like.shape[0] ?? 1), ...x.shape.slice(1)]);

const names = { keys: "keptKeys", values: "keptValues", faded: "keptFaded" } as const;

function memoryOf({ state, seen }: Tokens): Memory | undefined {
  if (state === undefined || seen === undefined) return undefined;
  const keys = initialOf(state, names.keys);
  const capacity = keys.shape[2] ?? 0;
  const back = Array.from({ length: capacity }, (_unused, index) => index + 1 - capacity);
  return {
    keys,
    values: initialOf(state, names.values),
    faded: initialOf(state, names.faded),
    places: add(reshape(cast(seen, "float32"), [-1, 1, 1, 1]), numbers(back, [1, 1, capacity, 1])),
  };
}

/** The tokens from `start` to `end` of a call. */
function partOf(tokens: Tokens, start: number, end: number): Part {
  const { queries, keys, gates = {} } = tokens;
  const [batch = 1, heads = 1, length = 1] = queries.shape;
  const part = (x: Value) => slice(x, 2, start, end);
  const spread = (x: Value) => part(broadcastTo(x, [batch, heads, length, x.shape[3] ?? 1]));
  const none = scalar(0, [batch, heads, end - start, 1]);
  return {
    own: {
      keys: part(keys),
      values: part(repeatHeads(tokens.values, heads)),
      faded: none,
      places: part(placesOf(tokens)),
    },
    queries: part(queries),
    reach: gates.decay === undefined ? none : cumulativeSum(spread(gates.decay), 2),
    gates: Object.fromEntries(Object.entries(gates).map(([name, x]) => [name, spread(x)])),
  };
}

/** The most parts of a call: each is a copy of the same expressions. */
const mostParts = 32;

const partFor = (length: number) => chunkLength * Math.ceil(length / (chunkLength * mostParts));

function inParts(reading: Reading, tokens: Tokens, size: number): Recurred {
  const length = tokens.queries.shape[2] ?? 1;
  const outputs: Value[] = [];
  let memory = memoryOf(tokens);
  const capacity = memory?.keys.shape[2] ?? 0;
  for (let start = 0; start < length; start += size) {
    const result = reading(memory, partOf(tokens, start, Math.min(start + size, length)));
    outputs.push(result.output);
    memory = result.memory;
  }
  const output = concat(outputs, 2);
  if (tokens.state === undefined || memory === undefined) return { output, state: {} };
  const kept = (all: Value) => newest(all, capacity, tokens.count);
  const { keys, values, faded } = memory;
  return {
    output,
    state: { [names.keys]: kept(keys), [names.values]: kept(values), [names.faded]: kept(faded) },
  };
}

/** Memory and part together at the part's end: what each token had faded by, and the decays after it. */
export function after(memory: Memory | undefined, own: Memory, reach: Value): Memory {
  const last = slice(reach, 2, (reach.shape[2] ?? 1) - 1);
  const older = memory && { ...memory, faded: add(memory.faded, last) };
  return joined(older, { ...own, faded: subtract(last, reach) });
}

/** The log decays from tokens to queries, `[batch, heads, queries, kept + length]`. */
export function fading(memory: Memory | undefined, reach: Value): Value {
  const near = subtract(reach, swapLast(reach));
  return memory === undefined ? near : concat([add(reach, swapLast(memory.faded)), near], 3);
}

/** The recurrence of a memory of tokens. */
export function remembering(reading: Reading): Recurrence {
  return {
    layout: ({ batch, heads, features, columns, length = 1 }) => ({
      [names.keys]: [batch, heads, length, features],
      [names.values]: [batch, heads, length, columns],
      [names.faded]: [batch, heads, length, 1],
    }),
    parallel: (tokens) => inParts(reading, tokens, Infinity),
    // Part by part, so that no more than a part's rows of scores are there at once. It is not linear in the length: every query
    // reads every token, and every part changes every token that is kept.
    chunked: (tokens) => inParts(reading, tokens, partFor(tokens.queries.shape[2] ?? 1)),
    step: (tokens) => inParts(reading, tokens, 1),
    lacks: { fused: "the engine's attention does not change the keys and values it keeps" },
  };
}
