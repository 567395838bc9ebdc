/** Gradient rules against central differences, and ONNX Runtime against the interpreter, for one expression. */
import { expect } from "vitest";
import {
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
import { createEngine, floats, floatsOf, type Tensor } from "../../src/runtime/index.ts";
import { interpret, type Reference, reference } from "../../src/runtime/reference/interpret.ts";
import { expectClose } from "../compare.ts";
import { normals } from "../random.ts";

/** An expression of float inputs, each given by its shape. */
export interface Case {
  readonly shapes: readonly Shape[];
  readonly build: (...inputs: Value[]) => Value;
  /** Moves random inputs into the expression's domain. */
  readonly domain?: (x: number) => number;
  /** Relative error ONNX Runtime may have (default: 2e-5); more where it rounds operands to 8 bits. */
  readonly tolerance?: number;
}

const engine = createEngine({ threads: 1 });

function prepare({ shapes, build, domain = (x) => x }: Case) {
  const inputs = shapes.map((shape, index) => input(`x${index}`, shape));
  const output = build(...inputs);
  const weights = input("weights", output.shape);
  const loss = sum(multiply(output, weights));
  const gradients = gradient(loss, inputs);
  const feeds: Record<string, Reference> = { weights: reference(output.shape, normals(sizeOf(output.shape), 99)) };
  shapes.forEach((shape, index) => {
    feeds[`x${index}`] = reference(
      shape,
      normals(sizeOf(shape), index + 1).map((x) => Math.fround(domain(x))),
    );
  });
  const outputs: Record<string, Value> = { loss, output };
  gradients.forEach((value, index) => {
    outputs[`gradient${index}`] = value;
  });
  return { program: program(outputs), feeds };
}

/** Every input's gradient against central differences in float64. */
export function checkGradients(test: Case): void {
  const { program: compiled, feeds } = prepare(test);
  const results = interpret(compiled, feeds);
  const step = 1e-5;
  test.shapes.forEach((_shape, index) => {
    const x = feeds[`x${index}`] as Reference;
    const numeric = x.data.map((value, place) => {
      const lossAt = (moved: number) => {
        const data = x.data.slice();
        data[place] = moved;
        return interpret(compiled, { ...feeds, [`x${index}`]: { shape: x.shape, data } }).loss?.data[0] ?? Number.NaN;
      };
      return (lossAt(value + step) - lossAt(value - step)) / (2 * step);
    });
    expect(
      numeric.some((value) => value !== 0),
      `input ${index} matters`,
    ).toBe(true);
    expectClose(results[`gradient${index}`]?.data ?? [], numeric, 1e-7, `gradient of input ${index}`);
  });
}

/** The outputs and gradients ONNX Runtime computes against the interpreter's. */
export async function checkEngine(test: Case): Promise<void> {
  const { program: compiled, feeds } = prepare(test);
  const expected = interpret(compiled, feeds);
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of Object.entries(feeds)) tensors[name] = floats(shape, Float32Array.from(data));
  const executable = await engine.compile(compiled as Program);
  const actual = await executable.run(tensors);
  for (const [name, { data }] of Object.entries(expected)) {
    const tensor = actual[name];
    expectClose(tensor === undefined ? [] : floatsOf(tensor), data, test.tolerance ?? 2e-5, name);
  }
}
