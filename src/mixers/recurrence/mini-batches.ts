/** Memories that learn in mini-batches, walked one after another. */

import { broadcastTo, concat, reshape, type Shape, scalar, scan, slice, type Value } from "../../graph/index.ts";
import { layoutOf, type Places, placesOfToken } from "./mini-batch-layout.ts";
import type { Recurred, Recurrence, RecurrentSizes, RecurrentState, Tokens } from "./recurrence.ts";

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
  const places = placesOfToken(tokens, learner.size);
  const { output, memory } = learner.learn(memoryOf(learner, tokens), learner.rows(tokens), places, tokens);
  return { output: learner.finish(output, tokens), state: memory };
}

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
