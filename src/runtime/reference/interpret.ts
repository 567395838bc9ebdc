/** A small float64 interpreter of programs: the independent oracle that ONNX Runtime and every mixer is held against. */
import {
  formatShape,
  type InputAttributes,
  type Node,
  type Program,
  type Shape,
  sameShape,
  sizeOf,
  type Value,
} from "../../graph/index.ts";
import { kernels } from "./kernels.ts";
import { type Evaluate, type Kernel, type Reference, take } from "./loops.ts";

export type { Reference };

/** A reference tensor. Throws a RangeError when the data does not fill the shape. */
export function reference(shape: Shape, data: ArrayLike<number>): Reference {
  if (data.length !== sizeOf(shape)) throw new RangeError(`${data.length} elements do not fill ${formatShape(shape)}`);
  return { shape, data: Float64Array.from(data) };
}

/** How a program is interpreted. */
export interface InterpretOptions {
  /** Round every operation's result to float32: what an engine without float64 would find. */
  readonly rounded?: boolean;
}

/** Computes a program's outputs in float64. Throws when an input is missing or misshapen, or an operation has no kernel. */
export function interpret<Output extends string>(
  program: Program<Output>,
  feeds: Readonly<Record<string, Reference>>,
  { rounded = false }: InterpretOptions = {},
): Record<Output, Reference> {
  const results = new Map<Value, Reference>();
  for (const node of program.nodes) {
    if (node.operation.name === "input")
      for (const value of node.outputs) results.set(value, fed(node.attributes as InputAttributes, feeds));
  }
  compute(program.nodes, results, rounded);
  const entries = Object.entries<Value>(program.outputs).map(([name, value]) => [name, resultOf(value, results)]);
  return Object.fromEntries(entries) as Record<Output, Reference>;
}

const evaluate: Evaluate = (body, inputs) => {
  const results = new Map(body.inputs.map((value, index) => [value, take(inputs[index])]));
  compute(body.nodes, results);
  return body.outputs.map((value) => resultOf(value, results));
};

const passed: Kernel = ([x]) => [take(x)];

/** Adds to the results of the input nodes those of all others. */
function compute(nodes: readonly Node[], results: Map<Value, Reference>, rounded = false): void {
  for (const node of nodes) {
    const { operation, attributes } = node;
    if (operation.name === "input") continue;
    // Bodies of loops are not simplified: what only marks a gradient is still among their nodes.
    const kernel = operation.transparent ? passed : kernels[operation.name];
    if (kernel === undefined) throw new Error(`the reference interpreter has no kernel for ${operation.name}`);
    const inputs = node.inputs.map((value) => resultOf(value, results));
    const outputs = kernel(inputs, attributes, node, evaluate);
    node.outputs.forEach((value, index) => {
      const output = outputs[index];
      if (output === undefined || !sameShape(output.shape, value.shape)) {
        throw new Error(
          `${operation.name} computed ${formatShape(output?.shape ?? [])}, not ${formatShape(value.shape)}`,
        );
      }
      const keeps = !rounded || value.dtype !== "float32";
      results.set(value, keeps ? output : { shape: output.shape, data: output.data.map(Math.fround) });
    });
  }
}

function fed({ name, shape }: InputAttributes, feeds: Readonly<Record<string, Reference>>): Reference {
  const tensor = feeds[name];
  if (tensor === undefined) throw new Error(`the program's input "${name}" was not given`);
  if (!sameShape(tensor.shape, shape)) {
    throw new Error(
      `the program's input "${name}" was given as ${formatShape(tensor.shape)}, not ${formatShape(shape)}`,
    );
  }
  return tensor;
}

function resultOf(value: Value, results: ReadonlyMap<Value, Reference>): Reference {
  const result = results.get(value);
  if (result === undefined) throw new Error(`${value.node.operation.name} was used before it was computed`);
  return result;
}
