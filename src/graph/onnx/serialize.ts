/** From a program to the bytes of an ONNX model. */

import { onnxTypeOf } from "../ops/compare.ts";
import type { ConstantAttributes, InputAttributes } from "../ops/index.ts";
import { constantKey, contentHash } from "../ops/source.ts";
import type { Program } from "../program.ts";
import { simplify } from "../simplify.ts";
import type { TensorType } from "../type.ts";
import { type Node, outputOf, type Value } from "../value.ts";
import { topologicalOrder } from "../walk.ts";
import type { Emitter } from "./emitter.ts";
import { type NodeMessage, type TensorMessage, type ValueMessage, writeModel } from "./messages.ts";

/** How a program is serialised. */
export interface SerializeOptions {
  /** Name of an empty sequence to return before all outputs, for engines that need a mark there. */
  readonly mark?: string;
}

/** Serialises a program as an ONNX model whose inputs and outputs bear the program's names. */
export function serialize(program: Program, { mark }: SerializeOptions = {}): Uint8Array<ArrayBuffer> {
  const shared: Shared = { initializers: new Map(), temporaries: 0, bodies: 0 };
  const outputs = Object.entries<Value>(program.outputs);
  const graph: Graph = { nodes: program.nodes, prefix: "", given: new Map(), outputs: new Map(outputs) };
  const nodes = emitGraph(graph, shared);
  const marks = mark === undefined ? [] : [mark];
  return writeModel({
    name: "program",
    nodes: [
      ...nodes,
      ...marks.map((name) => ({ type: "SequenceEmpty", domain: "", inputs: [], outputs: [name], attributes: {} })),
    ],
    initializers: [...shared.initializers.values()],
    inputs: [...program.inputs].map(([name, type]) => declaration(name, type)),
    sequences: marks.map((name) => ({ name, type: onnxTypeOf("float32") })),
    outputs: outputs.map(([name, value]) => declaration(name, value)),
  });
}

/** What a model's graph and the bodies of its loops share: names are unique among them all. */
interface Shared {
  readonly initializers: Map<string, TensorMessage>;
  temporaries: number;
  bodies: number;
}

/** One graph to emit. */
interface Graph {
  /** Inputs before users. */
  readonly nodes: readonly Node[];
  /** What the names of the graph's values begin with. */
  readonly prefix: string;
  /** Names of inputs that are not known by their own. */
  readonly given: ReadonlyMap<Value, string>;
  readonly outputs: ReadonlyMap<string, Value>;
}

function emitGraph(graph: Graph, shared: Shared): NodeMessage[] {
  const { prefix, given } = graph;
  const places = new Map(graph.nodes.map((node, place) => [node, place]));
  // Names come from a node's place in the program: equal programs are equal bytes.
  const keyOf = (value: Value) => `${places.get(value.node)}.${value.index}`;
  const used = usedOutputs(graph, keyOf);
  const names = new Map([...given].map(([value, name]) => [keyOf(value), name]));
  const nodes: NodeMessage[] = [];
  const nameOf = (value: Value) => names.get(keyOf(value)) ?? `${prefix}v${keyOf(value)}`;
  const { initializers } = shared;
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
    temporary: () => `t${shared.temporaries++}`,
    alias: (node, name) => {
      for (const output of node.outputs) names.set(keyOf(output), name);
    },
    body: (inputs, traced, captured = new Map()) => {
      const outputs = simplify(traced);
      const name = `b${shared.bodies++}`;
      const own = inputs.map((value, index) => [`${name}.i${index}`, value] as const);
      const results = outputs.map((value, index) => [`${name}.o${index}`, value] as const);
      const body: Graph = {
        nodes: topologicalOrder([...inputs, ...outputs]),
        prefix: `${name}.`,
        given: new Map([...own.map(([given, value]) => [value, given] as const), ...captured]),
        outputs: new Map(results),
      };
      return {
        graph: {
          name,
          nodes: emitGraph(body, shared),
          initializers: [],
          inputs: own.map(([given, value]) => declaration(given, value)),
          sequences: [],
          outputs: results.map(([given, value]) => declaration(given, value)),
        },
      };
    },
  };
  const declare = (value: Value, name: string) => names.set(keyOf(value), name);
  nameOutputs(graph, declare, (value) => names.has(keyOf(value)));
  for (const node of graph.nodes) {
    const { operation, attributes } = node;
    if (operation.name === "input") {
      const value = outputOf(node, 0);
      declare(value, given.get(value) ?? (attributes as InputAttributes).name);
    } else if (operation.name === "constant") {
      const { dtype, shape, data: exact } = attributes as ConstantAttributes;
      const data = exact instanceof Float64Array ? Float32Array.from(exact) : exact;
      const key = constantKey(attributes as ConstantAttributes);
      declare(
        outputOf(node, 0),
        intern(key, (name) => ({ name, type: onnxTypeOf(dtype), shape, data })),
      );
    } else operation.emit(emitter, node, attributes);
  }
  return [...nodes, ...publish(graph, nameOf)];
}

function declaration(name: string, { dtype, shape }: TensorType): ValueMessage {
  return { name, type: onnxTypeOf(dtype), shape };
}

/** Gives computed outputs their public names from the start, so that they are written in place. */
function nameOutputs(
  { outputs }: Graph,
  declare: (value: Value, name: string) => void,
  named: (value: Value) => boolean,
) {
  for (const [name, value] of outputs) {
    const { operation } = value.node;
    const computed = operation.name !== "input" && operation.name !== "constant" && operation.transparent !== true;
    if (computed && !named(value)) declare(value, name);
  }
}

function usedOutputs({ nodes, outputs }: Graph, keyOf: (value: Value) => string): Set<string> {
  const used = new Set<string>();
  for (const node of nodes) for (const value of node.inputs) used.add(keyOf(value));
  for (const value of outputs.values()) used.add(keyOf(value));
  return used;
}

/** A value that is several outputs, or an input handed through, is copied under each further name. */
function publish({ outputs }: Graph, nameOf: (value: Value) => string): NodeMessage[] {
  return [...outputs]
    .filter(([name, value]) => nameOf(value) !== name)
    .map(([name, value]) => ({
      type: "Identity",
      domain: "",
      inputs: [nameOf(value)],
      outputs: [name],
      attributes: {},
    }));
}
