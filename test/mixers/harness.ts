/** Running mixers in tests: the same program in float64 by the interpreter and in float32 by ONNX Runtime. */
import { expect } from "vitest";
import {
  add,
  gradient,
  input,
  multiply,
  type Program,
  program,
  type Shape,
  sizeOf,
  sum,
  type Value,
} from "../../src/graph/index.ts";
import { createEngine, floats, type Tensor, type TensorData } from "../../src/runtime/index.ts";
import { interpret, type Reference, reference } from "../../src/runtime/reference/interpret.ts";
import { relativeError } from "../compare.ts";
import { normals } from "../random.ts";

/** Numbers by tensor name. */
export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** The two backends. */
export type Backend = "float64" | "float32";

const engine = createEngine({ threads: 1 });

/** Computes a program's outputs from floats and, where the program asks for them, integers. */
export async function compute(backend: Backend, made: Program, feeds: Numbers): Promise<Numbers> {
  return (await prepared(backend, made))(feeds);
}

/** A program ready to be computed many times. */
export async function prepared(backend: Backend, made: Program): Promise<(feeds: Numbers) => Promise<Numbers>> {
  const types = [...made.inputs];
  if (backend === "float64") {
    return async (feeds) => {
      const given = types.map(([name, { shape }]): [string, Reference] => [name, reference(shape, feeds[name] ?? [])]);
      const results = interpret(made, Object.fromEntries(given));
      return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
    };
  }
  const executable = await engine.compile(made);
  return async (feeds) => {
    const given = types.map(([name, { shape, dtype }]): [string, Tensor] => {
      const data = feeds[name] ?? [];
      if (dtype === "float32") return [name, floats(shape, Float32Array.from(data))];
      if (dtype === "int8") return [name, { dtype, shape, data: Int8Array.from(data) }];
      return [name, { dtype, shape, data: BigInt64Array.from(Array.from(data, BigInt)) }];
    });
    const results = await executable.run(Object.fromEntries(given));
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, numbersOf(data)]));
  };
}

/** Computes a program's outputs with every operation's result rounded to float32. */
export function computeRounded(made: Program, feeds: Numbers): Numbers {
  const references = [...made.inputs].map(([name, { shape }]): [string, Reference] => [
    name,
    reference(shape, feeds[name] ?? []),
  ]);
  const results = interpret(made, Object.fromEntries(references), { rounded: true });
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
}

function numbersOf(data: TensorData): ArrayLike<number> {
  return data instanceof BigInt64Array ? Array.from(data, Number) : data;
}

/** The outputs, and the gradients of Σ output · weight for the named variables, as one program. */
export function withGradients(
  outputs: Readonly<Record<string, Value>>,
  variables: Readonly<Record<string, Value>>,
  weighted: readonly string[] = Object.keys(outputs),
): Program {
  const losses = weighted.flatMap((name) => {
    const value = outputs[name];
    return value?.dtype === "float32" ? [sum(multiply(value, input(`weight.${name}`, value.shape)))] : [];
  });
  const loss = losses.reduce((total, part) => add(total, part));
  const names = Object.keys(variables);
  const gradients = gradient(loss, Object.values(variables));
  return program({
    ...outputs,
    ...Object.fromEntries(names.map((name, index) => [`gradient.${name}`, gradients[index] as Value])),
  });
}

/** Random floats for every input of a program that `given` lacks, the same for the same name and shape. */
export function randomFeeds(made: Program, given: Numbers = {}): Numbers {
  const entries = [...made.inputs].map(([name, { shape, dtype }]): [string, ArrayLike<number>] => {
    const seed = [...name].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 65521, 7);
    const numbers = given[name] ?? normals(sizeOf(shape), seed);
    return [name, dtype === "int8" ? Array.from(numbers, (x) => Math.round(30 * Math.tanh(x))) : numbers];
  });
  return Object.fromEntries(entries);
}

/** Named inputs of a program, by shape. */
export function variablesOf(shapes: Readonly<Record<string, Shape>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]));
}

/** Numbers this small are rounding errors of an exact zero. */
const vanishing = { float64: 1e-12, float32: 1e-5 } as const;

/** What is expected of a result. */
export interface Expectation {
  readonly backend: Backend;
  readonly tolerance: number;
  readonly what?: string;
  /**
   * What rounding to float32 after every operation moves the oracle by, by tensor: 100 times as much is allowed beside,
   * because an engine rounds after every term of a sum, the oracle once.
   */
  readonly slack?: Readonly<Record<string, number>>;
}

/** Fails unless every expected tensor is there and its error is at most `tolerance` of its largest element. */
export function expectAll(
  actual: Numbers,
  expected: Numbers,
  { backend, tolerance, what = "", slack = {} }: Expectation,
): void {
  const errors: Record<string, number> = {};
  for (const [name, numbers] of Object.entries(expected)) {
    const error = relativeError(actual[name] ?? [], numbers);
    const size = largest(numbers);
    const passes =
      size < vanishing[backend]
        ? largest(actual[name] ?? [Infinity]) < vanishing[backend]
        : error <= tolerance + 100 * (slack[name] ?? 0);
    if (!passes) errors[name] = error;
  }
  expect(errors, `relative errors above ${tolerance} ${what}`).toEqual({});
}

function largest(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((most, x) => Math.max(most, Number.isFinite(x) ? Math.abs(x) : Infinity), 0);
}
