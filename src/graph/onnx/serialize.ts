/** From a program to the bytes of an ONNX model. */

import { onnxTypeOf } from "../ops/compare.ts";
import type { ConstantAttributes, InputAttributes } from "../ops/index.ts";
import { contentHash } from "../ops/source.ts";
import type { Program } from "../program.ts";
import { type Node, outputOf, type Value } from "../value.ts";
import type { Emitter } from "./emitter.ts";
import { type GraphMessage, type NodeMessage, type TensorMessage, writeModel } from "./messages.ts";

/** How a program is serialised. */
export interface SerializeOptions {
  /** Name of an empty sequence to return before all outputs, for engines that need a mark there. */
  readonly mark?: string;
}

/** Serialises a program as an ONNX model whose inputs and outputs bear the program's names. */
export function serialize(program: Program, { mark }: SerializeOptions = {}): Uint8Array<ArrayBuffer> {
  const places = new Map(program.nodes.map((node, place) => [node, place]));
  // Names come from a node's place in the program: equal programs are equal bytes.
  const keyOf = (value: Value) => `${places.get(value.node)}.${value.index}`;
  const used = usedOutputs(program, keyOf);
  const names = new Map<string, string>();
  const nodes: NodeMessage[] = [];
  const initializers = new Map<string, TensorMessage>();
  let temporaries = 0;
  const nameOf = (value: Value) => names.get(keyOf(value)) ?? `v${keyOf(value)}`;
  const intern = (key: string, make: (name: string) => TensorMessage) => {
    const known = initializers.get(key) ?? make(`c${initializers.size}`);
    initializers.set(key, known);
    return known.name;
  };
  const emitter: Emitter = {
    inputs: (node) => node.inputs.map(nameOf),
    outputs: (node) => node.outputs.map((value) => (used.has(keyOf(value)) ? nameOf(value) : "")),
    node: (type, inputs, outputs, attributes = {}, domain = "") => {
      nodes.push({ type, domain, inputs, outputs, attributes });
    },
    integers: (values) =>
      intern(`i${values.join()}`, (name) => ({
        name,
        type: onnxTypeOf("int64"),
        shape: [values.length],
        data: BigInt64Array.from(values, BigInt),
      })),
    scalar: (value) =>
      intern(`f${value}`, (name) => ({ name, type: onnxTypeOf("float32"), shape: [], data: Float32Array.of(value) })),
    floats: (data, shape) =>
      intern(`F${shape.join()}:${contentHash(data)}`, (name) => ({ name, type: onnxTypeOf("float32"), shape, data })),
    temporary: () => `t${temporaries++}`,
    alias: (node, name) => {
      for (const output of node.outputs) names.set(keyOf(output), name);
    },
  };
  const declare = (value: Value, name: string) => names.set(keyOf(value), name);
  nameOutputs(program, declare, (value) => names.has(keyOf(value)));
  for (const node of program.nodes) emitNode(node, emitter, declare, initializers);
  if (mark !== undefined) emitter.node("SequenceEmpty", [], [mark]);
  const graph: GraphMessage = {
    nodes: [...nodes, ...publish(program, nameOf)],
    initializers: [...initializers.values()],
    inputs: [...program.inputs].map(([name, { dtype, shape }]) => ({ name, type: onnxTypeOf(dtype), shape })),
    sequences: mark === undefined ? [] : [{ name: mark, type: onnxTypeOf("float32") }],
    outputs: Object.entries<Value>(program.outputs).map(([name, { dtype, shape }]) => ({
      name,
      type: onnxTypeOf(dtype),
      shape,
    })),
  };
  return writeModel(graph);
}

/** Gives computed outputs their public names from the start, so that they are written in place. */
function nameOutputs(
  program: Program,
  declare: (value: Value, name: string) => void,
  named: (value: Value) => boolean,
) {
  for (const [name, value] of Object.entries<Value>(program.outputs)) {
    const { operation } = value.node;
    const computed = operation.name !== "input" && operation.name !== "constant" && operation.transparent !== true;
    if (computed && !named(value)) declare(value, name);
  }
}

function emitNode(
  node: Node,
  emitter: Emitter,
  declare: (value: Value, name: string) => void,
  initializers: Map<string, TensorMessage>,
): void {
  const { operation, attributes } = node;
  if (operation.name === "input") declare(outputOf(node, 0), (attributes as InputAttributes).name);
  else if (operation.name === "constant") {
    const { dtype, shape, data } = attributes as ConstantAttributes;
    const name = `k${initializers.size}`;
    declare(outputOf(node, 0), name);
    initializers.set(name, { name, type: onnxTypeOf(dtype), shape, data });
  } else operation.emit(emitter, node, attributes);
}

function usedOutputs(program: Program, keyOf: (value: Value) => string): Set<string> {
  const used = new Set<string>();
  for (const node of program.nodes) for (const value of node.inputs) used.add(keyOf(value));
  for (const value of Object.values<Value>(program.outputs)) used.add(keyOf(value));
  return used;
}

/** A value that is several outputs, or an input handed through, is copied under each further name. */
function publish(program: Program, nameOf: (value: Value) => string): NodeMessage[] {
  return Object.entries<Value>(program.outputs)
    .filter(([name, value]) => nameOf(value) !== name)
    .map(([name, value]) => ({
      type: "Identity",
      domain: "",
      inputs: [nameOf(value)],
      outputs: [name],
      attributes: {},
    }));
}
