/** What an operation's emission rule may write: ONNX nodes and small constants. */
import type { Node, Value } from "../value.ts";
import type { GraphMessage } from "./messages.ts";

/** An ONNX attribute's value; whole numbers become INT unless wrapped in `{ float }`. */
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly graph: GraphMessage };

/** Collects the ONNX nodes of one program. Names are unique strings; an empty name is an absent optional input. */
export interface Emitter {
  /** Names of the node's inputs. */
  inputs(node: Node): string[];
  /** Names of the node's outputs; an output nobody uses gets an empty name. */
  outputs(node: Node): string[];
  /** Writes one ONNX node. */
  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    domain?: "" | "com.microsoft",
  ): void;
  /** A one-dimensional int64 constant (axes, shapes, bounds), shared between equal uses. */
  integers(values: readonly number[]): string;
  /** A float32 scalar constant, shared between equal uses. */
  scalar(value: number): string;
  /** A float32 constant, row-major, shared between equal uses. */
  floats(data: Float32Array, shape: readonly number[]): string;
  /** A fresh name for a value between two nodes of one emission. */
  temporary(): string;
  /** Makes the node's output another name of an existing value: nothing is computed. */
  alias(node: Node, name: string): void;
  /**
   * The expressions `outputs` of the input nodes `inputs` as a graph of its own, for the attribute of a loop.
   * Inputs in `captured` are not the graph's: they stand for values of this program, under the names given.
   */
  body(inputs: readonly Value[], outputs: readonly Value[], captured?: ReadonlyMap<Value, string>): OnnxAttribute;
}
