/** The few messages of onnx.proto that a program needs, written with protobuf's wire format. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { ConstantData } from "../ops/index.ts";
import type { Shape } from "../type.ts";
import type { OnnxAttribute } from "./emitter.ts";

/** Appends fields to a message. */
type Write = (writer: BinaryWriter) => void;

const attributeTypes = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function integer(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function message(writer: BinaryWriter, field: number, write: Write): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function writeAttribute(writer: BinaryWriter, name: string, value: OnnxAttribute): void {
  text(writer, 1, name);
  if (typeof value === "number") {
    integer(writer, 3, value);
    integer(writer, 20, attributeTypes.int);
  } else if (typeof value === "string") {
    text(writer, 4, value);
    integer(writer, 20, attributeTypes.string);
  } else if ("float" in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    integer(writer, 20, attributeTypes.float);
  } else if ("graph" in value) {
    message(writer, 6, (inner) => writeGraph(inner, value.graph));
    integer(writer, 20, attributeTypes.graph);
  } else {
    for (const element of value) integer(writer, 8, element);
    integer(writer, 20, attributeTypes.ints);
  }
}

/** One NodeProto. */
export interface NodeMessage {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** One TensorProto with its data inside. */
export interface TensorMessage {
  readonly name: string;
  readonly type: number;
  readonly shape: Shape;
  readonly data: ConstantData;
}

/** One ValueInfoProto. */
export interface ValueMessage {
  readonly name: string;
  readonly type: number;
  readonly shape: Shape;
}

/** A GraphProto's content. */
export interface GraphMessage {
  readonly name: string;
  readonly nodes: readonly NodeMessage[];
  readonly initializers: readonly TensorMessage[];
  readonly inputs: readonly ValueMessage[];
  /** Outputs that are sequences of tensors; they come before the others. */
  readonly sequences: readonly Omit<ValueMessage, "shape">[];
  readonly outputs: readonly ValueMessage[];
}

function writeNode(writer: BinaryWriter, node: NodeMessage, index: number): void {
  for (const name of node.inputs) text(writer, 1, name);
  for (const name of node.outputs) text(writer, 2, name);
  text(writer, 3, `${node.type}_${index}`);
  text(writer, 4, node.type);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, (inner) => writeAttribute(inner, name, value));
  }
  if (node.domain !== "") text(writer, 7, node.domain);
}

function writeTensor(writer: BinaryWriter, tensor: TensorMessage): void {
  for (const size of tensor.shape) integer(writer, 1, size);
  integer(writer, 2, tensor.type);
  text(writer, 8, tensor.name);
  const { buffer, byteOffset, byteLength } = tensor.data;
  writer.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(buffer, byteOffset, byteLength));
}

function writeValue(writer: BinaryWriter, value: ValueMessage): void {
  text(writer, 1, value.name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      integer(tensor, 1, value.type);
      message(tensor, 2, (shape) => {
        for (const size of value.shape) message(shape, 1, (dimension) => integer(dimension, 1, size));
      });
    }),
  );
}

function writeSequence(writer: BinaryWriter, value: Omit<ValueMessage, "shape">): void {
  text(writer, 1, value.name);
  message(writer, 2, (type) =>
    message(type, 4, (sequence) =>
      message(sequence, 1, (element) => message(element, 1, (tensor) => integer(tensor, 1, value.type))),
    ),
  );
}

function writeGraph(writer: BinaryWriter, graph: GraphMessage): void {
  graph.nodes.forEach((node, index) => {
    message(writer, 1, (field) => writeNode(field, node, index));
  });
  text(writer, 2, graph.name);
  for (const tensor of graph.initializers) message(writer, 5, (field) => writeTensor(field, tensor));
  for (const value of graph.inputs) message(writer, 11, (field) => writeValue(field, value));
  for (const value of graph.sequences) message(writer, 12, (field) => writeSequence(field, value));
  for (const value of graph.outputs) message(writer, 12, (field) => writeValue(field, value));
}

/** Versions a model declares: the newest operator set ONNX Runtime 1.30 guarantees for every operation we emit. */
const irVersion = 10;
const operatorSets = [
  { domain: "", version: 21 },
  { domain: "com.microsoft", version: 1 },
];

/** Serialises a ModelProto. */
export function writeModel(graph: GraphMessage): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  integer(writer, 1, irVersion);
  text(writer, 2, "subquad");
  message(writer, 7, (inner) => writeGraph(inner, graph));
  for (const { domain, version } of operatorSets) {
    message(writer, 8, (set) => {
      text(set, 1, domain);
      integer(set, 2, version);
    });
  }
  return writer.finish() as Uint8Array<ArrayBuffer>;
}
