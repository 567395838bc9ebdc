/** Where values come from: a program's inputs and its constants. */
import { createHash } from "node:crypto";
import { bytesPerElement, type DType, type Shape, sizeOf } from "../type.ts";
import { applyOne, type Operation, type Value } from "../value.ts";

/**
 * Elements of a constant, row-major. Booleans are bytes of 0 and 1; int64 is BigInt64Array. Float32 constants may be given
 * in float64: engines round them, the reference interpreter does not.
 */
export type ConstantData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int8Array
  | Uint8Array
  | Uint16Array;

/** Attributes of an `input`. */
export interface InputAttributes {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Attributes of a `constant`. */
export interface ConstantAttributes {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: ConstantData;
}

export const inputOperation: Operation<InputAttributes> = {
  name: "input",
  infer: (_inputs, { dtype, shape }) => [{ dtype, shape }],
  gradient: () => [],
  // Inputs belong to the graph itself: the serialiser declares them.
  emit: () => {},
  key: ({ name, dtype, shape }) => `${name} ${dtype}[${shape.join()}]`,
};

const hashes = new WeakMap<ConstantData, string>();

/** A hash of a constant's bytes, remembered. */
export function contentHash(data: ConstantData): string {
  const known = hashes.get(data);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const hash = createHash("sha256").update(bytes).digest("hex");
  hashes.set(data, hash);
  return hash;
}

/** A string equal for constants of equal type and content. */
export function constantKey({ dtype, shape, data }: ConstantAttributes): string {
  return `${dtype}[${shape.join()}]${contentHash(data)}`;
}

export const constantOperation: Operation<ConstantAttributes> = {
  name: "constant",
  infer: (_inputs, { dtype, shape, data }) => {
    const expected = sizeOf(shape);
    if (data.length !== expected) throw new Error(`${data.length} elements given for a shape of ${expected}`);
    const exact = dtype === "float32" && data instanceof Float64Array;
    if (!exact && data.BYTES_PER_ELEMENT !== bytesPerElement[dtype]) {
      throw new Error(`the data's elements are not ${dtype}`);
    }
    return [{ dtype, shape }];
  },
  gradient: () => [],
  // Constants become initializers: the serialiser writes their bytes.
  emit: () => {},
  key: constantKey,
};

/** A tensor the caller feeds at each run, under a name unique in its program. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Value {
  return applyOne(inputOperation, [], { name, shape, dtype });
}

/** A tensor baked into the program. Throws when the data does not fill the shape. */
export function constant(data: ConstantData, shape: Shape, dtype: DType = "float32"): Value {
  return applyOne(constantOperation, [], { data, shape, dtype });
}

/** A float32 constant, of shape `[]` or filled over `shape`. */
export function scalar(value: number, shape: Shape = []): Value {
  const data = Math.fround(value) === value ? new Float32Array(sizeOf(shape)) : new Float64Array(sizeOf(shape));
  return constant(data.fill(value), shape);
}

/** A float32 constant of the given numbers, row-major. */
export function numbers(values: readonly number[], shape: Shape = [values.length]): Value {
  return constant(Float64Array.from(values), shape);
}

/** A one-dimensional int64 constant. */
export function integers(values: readonly number[]): Value {
  return constant(BigInt64Array.from(values, BigInt), [values.length], "int64");
}

/** A boolean constant computed from each position's coordinates, for masks. */
export function mask(shape: Shape, keep: (...position: number[]) => boolean): Value {
  const data = new Uint8Array(sizeOf(shape));
  const position = shape.map(() => 0);
  for (let offset = 0; offset < data.length; offset++) {
    data[offset] = keep(...position) ? 1 : 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (position[axis] ?? 0) + 1;
      position[axis] = next === shape[axis] ? 0 : next;
      if (position[axis] !== 0) break;
    }
  }
  return constant(data, shape, "bool");
}
