/** Tensors in memory, as typed arrays: what programs are fed and what they return. */
import { bytesOf, type DType, formatShape, type Shape, sizeOf, type TensorType } from "../graph/index.ts";

/** Elements, row-major. Booleans are bytes of 0 and 1, float16 are its bits. */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Int8Array | Uint8Array | Uint16Array;

/** A dense tensor. */
export interface Tensor extends TensorType {
  readonly data: TensorData;
}

/** A dense float32 tensor. */
export interface FloatTensor extends Tensor {
  readonly dtype: "float32";
  readonly data: Float32Array;
}

const arrays = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** A float32 tensor over `data` (not copied), or of zeros. Throws a RangeError when the data does not fill the shape. */
export function floats(shape: Shape, data: Float32Array = new Float32Array(sizeOf(shape))): FloatTensor {
  if (data.length !== sizeOf(shape)) throw new RangeError(`${data.length} elements do not fill ${formatShape(shape)}`);
  return { dtype: "float32", shape, data };
}

/** An int64 tensor of token ids, positions or indices. */
export function indices(shape: Shape, values: ArrayLike<number>): Tensor {
  if (values.length !== sizeOf(shape))
    throw new RangeError(`${values.length} elements do not fill ${formatShape(shape)}`);
  return { dtype: "int64", shape, data: BigInt64Array.from(values as ArrayLike<number> & Iterable<number>, BigInt) };
}

/** A tensor of zeros. */
export function zeros(type: TensorType): Tensor {
  const dtype: DType = type.dtype;
  return { dtype, shape: type.shape, data: new arrays[dtype](sizeOf(type.shape)) };
}

/** The tensor's floats. Throws a TypeError for other element types. */
export function floatsOf(tensor: Tensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  throw new TypeError(`expected a float32 tensor, found ${tensor.dtype}`);
}

/** The tensor's memory. */
export function memoryOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Bytes the tensors hold. */
export function bytesHeld(tensors: Iterable<Tensor>): number {
  let bytes = 0;
  for (const tensor of tensors) bytes += bytesOf(tensor);
  return bytes;
}
