/** Memories that learn in mini-batches: these begin where the sequence's own do, whatever part of it a call sees. */

import {
  add,
  and,
  broadcastTo,
  concat,
  equal,
  greater,
  integers,
  less,
  maximum,
  minimum,
  multiply,
  not,
  or,
  pad,
  quotient,
  reshape,
  rows,
  type Shape,
  scalar,
  scan,
  slice,
  subtract,
  transpose,
  type Value,
  where,
} from "../../graph/index.ts";
import type { Recurred, Recurrence, RecurrentSizes, RecurrentState, Tokens } from "./recurrence.ts";

/** What the places of a mini-batch hold, as numbers 0 and 1. */
export interface Places {
  /** Real tokens, `[batch or 1, 1, places, 1]`. */
  readonly real: Value;
  /** The last real token, likewise. */
  readonly last: Value;
  /** Whether there are any, `[batch or 1, 1, 1, 1]`. */
  readonly any: Value;
  /** Whether earlier calls began this mini-batch. */
  readonly begun: Value;
}

/** A mini-batch's tensors by name, `[batch, heads, places, width]`. */
export type Rows = Readonly<Record<string, Value>>;

/** A mini-batch's readings and the memory after it. */
export interface Learned {
  readonly output: Value;
  readonly memory: RecurrentState;
}

/** How a memory learns from a mini-batch, or from a part of one. */
export interface Learner {
  /** Tokens of a mini-batch. */
  readonly size: number;
  layout(sizes: RecurrentSizes): Readonly<Record<string, Shape>>;
  /** What it reads of every token, `[batch, heads, length, width]`. */
  rows(tokens: Tokens): Rows;
  /** The readings of a mini-batch's tokens, and the memory after them; places without a token are zeros. */
  learn(memory: RecurrentState, rows: Rows, places: Places, tokens: Tokens): Learned;
  /** The output made of all readings `[batch, heads, length, columns]`. */
  finish(readings: Value, tokens: Tokens): Value;
}

const range = (count: number) => integers(Array.from({ length: count }, (_unused, index) => index));
const flag = (condition: Value) => where(condition, 1, 0);

/** How many tokens of the running mini-batch came before the call, `[batch or 1]`. */
function offsetOf({ seen }: Tokens, size: number): Value {
  if (seen === undefined) return integers([0]);
  return subtract(seen, multiply(quotient(seen, integers([size])), integers([size])));
}

/** A call's tokens laid out in mini-batches. */
interface Layout {
  readonly count: number;
  /** `[batch, heads, length, width]` as `[count, batch, heads, size, width]`. */
  cut(x: Value): Value;
  join(x: Value): Value;
  /** What the places hold, with the mini-batches as a first axis. */
  readonly places: Places;
}

function layoutOf(tokens: Tokens, size: number): Layout {
  const length = tokens.queries.shape[2] ?? 1;
  // Tokens of earlier calls may take up all but one place of the first mini-batch.
  const count = Math.ceil((length + (tokens.seen === undefined ? 0 : size - 1)) / size);
  const total = count * size;
  const offset = reshape(offsetOf(tokens, size), [-1, 1]);
  const real = reshape(tokens.count ?? integers([length]), [-1, 1]);
  const place = reshape(range(total), [1, total]);
  const end = add(offset, real);
  const isReal = and(not(less(place, offset)), less(place, end));
  const next = add(place, integers([1]));
  const closes = equal(subtract(next, multiply(quotient(next, integers([size])), integers([size]))), integers([0]));
  const isLast = and(isReal, or(equal(next, end), closes));
  const firsts = reshape(range(count), [count, 1, 1, 1, 1]);
  const starts = multiply(firsts, integers([size]));
  const across = (x: Value) => reshape(x, [1, -1, 1, 1, 1]);
  const [from, to] = [across(offset), across(end)];
  const hasAny = and(less(starts, to), less(from, add(starts, integers([size]))));
  const begun = and(equal(firsts, integers([0])), greater(from, integers([0])));
  const byBatch = (condition: Value) => {
    const [batch = 1] = condition.shape;
    return transpose(reshape(flag(condition), [batch, count, 1, size, 1]), [1, 0, 2, 3, 4]);
  };
  const move = (x: Value, to: number, by: Value) => {
    const [batch = 1, heads = 1, from = 1, width = 1] = x.shape;
    const source = subtract(reshape(range(to), [1, to]), by);
    const inside = minimum(maximum(source, integers([0])), integers([from - 1]));
    const sequence = reshape(multiply(range(batch * heads), integers([from])), [batch, heads, 1]);
    return rows(reshape(x, [-1, width]), add(sequence, reshape(inside, [-1, 1, to])));
  };
  const still = tokens.seen === undefined;
  const mask = byBatch(isReal);
  return {
    count,
    cut: (x) => {
      const [batch = 1, heads = 1, , width = 1] = x.shape;
      const laid = still ? pad(x, 2, 0, total - length) : move(x, total, offset);
      const apart = transpose(reshape(laid, [batch, heads, count, size, width]), [2, 0, 1, 3, 4]);
      return multiply(apart, mask);
    },
    join: (x) => {
      const [, batch = 1, heads = 1, , width = 1] = x.shape;
      const joined = reshape(transpose(x, [1, 2, 0, 3, 4]), [batch, heads, total, width]);
      return still ? slice(joined, 2, 0, length) : move(joined, length, subtract(integers([0]), offset));
    },
    places: { real: mask, last: byBatch(isLast), any: flag(hasAny), begun: flag(begun) },
  };
}

function memoryOf({ layout }: Learner, { queries, values, state }: Tokens): RecurrentState {
  const [batch = 1, heads = 1, , features = 1] = queries.shape;
  const shapes = layout({ batch, heads, features, columns: values.shape[3] ?? 1 });
  return state ?? Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, scalar(0, shape)]));
}

/** One after another: as a loop of the engine, or as so many expressions. */
function walk(learner: Learner, tokens: Tokens, looped: boolean): Recurred {
  const { cut, join, places, count } = layoutOf(tokens, learner.size);
  const initial = memoryOf(learner, tokens);
  const names = Object.keys(initial);
  const all = Object.entries(learner.rows(tokens)).map(([name, x]): [string, Value] => [name, cut(x)]);
  const sizes = Object.entries({ ...places }).map(([name, x]): [string, Value] => [
    name,
    broadcastTo(x, [count, ...x.shape.slice(1)]),
  ]);
  const sequences = [...all, ...sizes];
  const learn = (memory: readonly Value[], slices: readonly Value[]) => {
    const named = (entries: readonly (readonly [string, Value])[], values: readonly Value[]) =>
      Object.fromEntries(entries.map(([name], index) => [name, values[index] as Value]));
    const own = named(sizes, slices.slice(all.length)) as unknown as Places;
    const result = learner.learn(named(Object.entries(initial), memory), named(all, slices), own, tokens);
    return { carried: names.map((name) => result.memory[name] as Value), outputs: [result.output] };
  };
  const begin = names.map((name) => initial[name] as Value);
  const values = sequences.map(([, x]) => x);
  const { carried, outputs } = looped
    ? scan({ carried: begin, sequences: values, body: learn })
    : unrolled(begin, values, count, learn);
  const readings = join(outputs[0] as Value);
  return {
    output: learner.finish(readings, tokens),
    state: Object.fromEntries(names.map((name, index) => [name, carried[index] as Value])),
  };
}

type Step = { readonly carried: readonly Value[]; readonly outputs: readonly Value[] };

function unrolled(
  begin: readonly Value[],
  sequences: readonly Value[],
  count: number,
  learn: (memory: readonly Value[], slices: readonly Value[]) => Step,
): Step {
  let carried = begin;
  const outputs: Value[] = [];
  for (let index = 0; index < count; index++) {
    const at = (x: Value) => reshape(slice(x, 0, index, index + 1), x.shape.slice(1));
    const result = learn(carried, sequences.map(at));
    carried = result.carried;
    outputs.push(...result.outputs);
  }
  return {
    carried,
    outputs: [
      concat(
        outputs.map((x) => reshape(x, [1, ...x.shape])),
        0,
      ),
    ],
  };
}

/** One token: a part of a mini-batch. */
function step(learner: Learner, tokens: Tokens): Recurred {
  const real =
    tokens.count === undefined ? scalar(1, [1, 1, 1, 1]) : flag(greater(shaped(tokens.count), integers([0])));
  const begun = flag(greater(shaped(offsetOf(tokens, learner.size)), integers([0])));
  const places = { real, last: real, any: real, begun };
  const { output, memory } = learner.learn(memoryOf(learner, tokens), learner.rows(tokens), places, tokens);
  return { output: learner.finish(output, tokens), state: memory };
}

const shaped = (x: Value) => reshape(x, [-1, 1, 1, 1]);

/** The recurrence of a memory that learns in mini-batches. */
export function inMiniBatches(learner: Learner): Recurrence {
  return {
    layout: learner.layout,
    parallel: (tokens) => walk(learner, tokens, false),
    chunked: (tokens) => walk(learner, tokens, true),
    step: (tokens) => step(learner, tokens),
    lacks: { fused: "the engine has no operator that learns in mini-batches" },
  };
}
