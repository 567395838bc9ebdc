/** The graph room's public face: values, operations, gradients and programs. */
export { gradient, type Seed } from "./gradient.ts";
export { serialize } from "./onnx/serialize.ts";
export * from "./ops/index.ts";
export { type Program, program } from "./program.ts";
export { type Separated, separate } from "./separate.ts";
export {
  broadcastShapes,
  bytesOf,
  bytesPerElement,
  type DType,
  dimension,
  formatShape,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
  type TensorType,
} from "./type.ts";
export { describe, GraphError, type Node, named, type Value } from "./value.ts";
