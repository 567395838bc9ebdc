/** Expressions: immutable values that know how they are computed, and the contract every operation fulfils. */
import { SubquadError } from "../errors.ts";
import type { Seed } from "./gradient.ts";
import type { Emitter } from "./onnx/emitter.ts";
import type * as algebra from "./ops/index.ts";
import { type DType, formatShape, type Shape, type TensorType } from "./type.ts";

/** A mistake in an expression: the message names the expression and the shapes of its inputs. */
export class GraphError extends SubquadError {
  override name = "GraphError";
}

/** One output of a node: a tensor that a program will compute. */
export interface Value extends TensorType {
  readonly node: Node;
  /** Which of the node's outputs this is. */
  readonly index: number;
}

/** One application of an operation. */
export interface Node {
  readonly id: number;
  readonly operation: Operation;
  readonly inputs: readonly Value[];
  readonly attributes: object;
  readonly outputs: readonly Value[];
  /** A name for people, set by `named`. */
  readonly label: string | undefined;
}

/** What a gradient rule sees of the node it differentiates. */
export interface Backward<A extends object> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** The gradient of the first output; zeros where only other outputs were used. */
  readonly gradient: Value;
  /** The gradients of all outputs; undefined where an output was not used. */
  readonly gradients: readonly (Value | undefined)[];
  readonly attributes: A;
  /** For each input, whether anybody asks for its gradient. */
  readonly needed: readonly boolean[];
  /** `gradient`, for operations that hold expressions of their own. */
  readonly differentiate: (seeds: readonly Seed[], wrt: readonly Value[]) => Value[];
}

/** The operations gradient rules are written in: handed to them, so that the files of operations need not import each other. */
export type Algebra = typeof algebra;

/** An operation: its shape rule, gradient rule and ONNX emission side by side. */
export interface Operation<A extends object = object> {
  readonly name: string;
  /** The outputs' types. Throws an Error whose message says which shapes do not fit. */
  infer(inputs: readonly Value[], attributes: A): readonly TensorType[];
  /** Gradients with respect to each input; undefined means zero. Absent where the operation has no derivative. */
  gradient?(backward: Backward<A>, algebra: Algebra): readonly (Value | undefined)[];
  /** Writes the ONNX node(s) that compute `node`. */
  emit(emitter: Emitter, node: Node, attributes: A): void;
  /** The number that, as first or second operand, leaves the other operand as it is. */
  readonly neutral?: { readonly first?: number; readonly second?: number };
  /** True for element-wise operations, whose operands repeat to a common shape. */
  readonly broadcasts?: boolean;
  /** True where the only output is the first input itself. */
  readonly transparent?: boolean;
  /** Whether computing a node again costs more than keeping its result (default: no). */
  costly?(node: Node): boolean;
  /** The result is its input's memory under another shape. */
  readonly view?: boolean;
  /** A shorter expression of the same value, if the inputs allow one. */
  shortened?(inputs: readonly Value[], attributes: A): Value | undefined;
  /** A string equal for equal attributes, for common-subexpression elimination (default: their JSON); undefined: never shared. */
  key?(attributes: A): string | undefined;
}

let nextId = 0;

/** Applies an operation. Throws a GraphError that names the expression when its shape rule refuses the inputs. */
export function apply<A extends object>(operation: Operation<A>, inputs: readonly Value[], attributes: A): Node {
  let types: readonly TensorType[];
  try {
    types = operation.infer(inputs, attributes);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new GraphError(`${expression(operation.name, inputs)}: ${problem}`, { cause });
  }
  return makeNode(operation, inputs, attributes, types, undefined);
}

/** Like `apply`, for operations with a single output. */
export function applyOne<A extends object>(operation: Operation<A>, inputs: readonly Value[], attributes: A): Value {
  return outputOf(apply(operation, inputs, attributes), 0);
}

/** The node's output of the given index. */
export function outputOf(node: Node, index: number): Value {
  const output = node.outputs[index];
  if (output === undefined) throw new GraphError(`${node.operation.name} has no output ${index}`);
  return output;
}

/** The input of the given index of a node or of a gradient rule. */
export function inputOf(holder: { readonly inputs: readonly Value[] }, index: number): Value {
  const value = holder.inputs[index];
  if (value === undefined) throw new GraphError(`an operation misses its input ${index}`);
  return value;
}

/** The same value under a name that errors and profiles show. */
export function named(value: Value, label: string): Value {
  const { node, index } = value;
  return outputOf(makeNode(node.operation, node.inputs, node.attributes, node.outputs, label), index);
}

/** The same node with other inputs (of the same types). */
export function withInputs(node: Node, inputs: readonly Value[]): Node {
  return makeNode(node.operation, inputs, node.attributes, node.outputs, node.label);
}

function makeNode<A extends object>(
  operation: Operation<A>,
  inputs: readonly Value[],
  attributes: A,
  types: readonly TensorType[],
  label: string | undefined,
): Node {
  const outputs: Value[] = [];
  const node: Node = { id: nextId++, operation: operation as Operation, inputs, attributes, outputs, label };
  types.forEach((type, index) => {
    outputs.push({ node, index, dtype: type.dtype, shape: [...type.shape] });
  });
  return node;
}

/** A short description of a value, e.g. `scores = matmul(queries [9, 64, 64], keys [9, 128, 64])`. */
export function describe(value: Value): string {
  const { node } = value;
  const text = expression(node.operation.name, node.inputs);
  return node.label === undefined ? text : `${node.label} = ${text}`;
}

function expression(operation: string, inputs: readonly Value[]): string {
  const operands = inputs.map(
    (value) => `${value.node.label ?? value.node.operation.name} ${formatShape(value.shape)}`,
  );
  return `${operation}(${operands.join(", ")})`;
}

/** Throws unless the value has the expected element type. */
export function requireDType(value: Value, ...expected: readonly DType[]): void {
  if (!expected.includes(value.dtype)) throw new Error(`expected ${expected.join(" or ")}, found ${value.dtype}`);
}

/** The axis as a non-negative number. Throws when it is outside the rank. */
export function normalizeAxis(axis: number, shape: Shape): number {
  const positive = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= shape.length) {
    throw new Error(`axis ${axis} is outside the shape ${formatShape(shape)}`);
  }
  return positive;
}
