/** Writes safetensors checkpoints, one tensor in memory at a time. */
import { SubquadError } from "../../errors.ts";
import { bfloat16FromFloat32, float16FromFloat32 } from "../half.ts";
import { checkedElementCount } from "../tensor.ts";
import { writeWholeFile } from "../whole-file.ts";
import { MAXIMUM_HEADER_BYTES } from "./header.ts";

const elementBytes = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

/** The dtypes that can be written. */
export type WritableDtype = keyof typeof elementBytes;

/** A tensor's values: a `Float32Array` for F32, F16 and BF16 (rounded to nearest even), or elements as the file holds them. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor to write: declared at once, its data asked for only when its turn comes. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: WritableDtype;
  readonly shape: readonly number[];
  /** Called once, in file order (wider dtypes first); a read of the same tensor from a source is a fine producer. */
  readonly data: () => TensorData | Promise<TensorData>;
}

/** Options of `writeSafetensors`. */
export interface SafetensorsOptions {
  /** The file's `__metadata__`; by default `{format: "pt"}`, which transformers insists on. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Data begins at a multiple of this, wide enough for any SIMD load from a mapped file. */
const DATA_ALIGNMENT = 64;

/**
 * Writes a safetensors file whole or not at all. Tensors are laid out by element size, widest first, so that each is
 * aligned without holes. Throws `SubquadError` for a repeated name, a shape that is none, or data of another length
 * or kind than declared.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  options: SafetensorsOptions = {},
): Promise<void> {
  const ordered = tensors.toSorted((a, b) => elementBytes[b.dtype] - elementBytes[a.dtype]);
  const header = encodeHeader(path, ordered, options.metadata ?? { format: "pt" });
  await writeWholeFile(path, async (append) => {
    append(header);
    for (const tensor of ordered) append(encodeData(path, tensor, await tensor.data()));
  });
}

function encodeHeader(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = new Map<string, object>([["__metadata__", metadata]]);
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    if (entries.has(name)) throw new SubquadError(`${path}: tensor "${name}" is written twice`);
    const count = checkedElementCount(shape);
    if (count === undefined) throw new SubquadError(`${path}: tensor "${name}" has no countable shape, [${shape}]`);
    const end = offset + count * elementBytes[dtype];
    entries.set(name, { dtype, shape, data_offsets: [offset, end] });
    offset = end;
  }
  // Not built as an object first: names such as "0" would change their order and "__proto__" would vanish.
  const fields = [...entries].map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const length = Math.ceil((8 + json.length) / DATA_ALIGNMENT) * DATA_ALIGNMENT - 8;
  if (length > MAXIMUM_HEADER_BYTES) {
    throw new SubquadError(`${path}: its header of ${length} bytes is above the ceiling of ${MAXIMUM_HEADER_BYTES}`);
  }
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

function encodeData(path: string, { name, dtype, shape }: TensorToWrite, data: TensorData): Uint8Array {
  const count = checkedElementCount(shape) ?? 0;
  if (data.length !== count) {
    throw new SubquadError(
      `${path}: tensor "${name}" of shape [${shape}] was given ${data.length} values, not ${count}`,
    );
  }
  let stored = data;
  if (data instanceof Float32Array && (dtype === "F16" || dtype === "BF16")) {
    stored = new Uint16Array(count);
    if (dtype === "F16") float16FromFloat32(data, stored);
    else bfloat16FromFloat32(data, stored);
  }
  if (!holds[dtype].some((kind) => stored instanceof kind)) {
    throw new SubquadError(`${path}: tensor "${name}" is ${dtype}, which a ${data.constructor.name} does not hold`);
  }
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

/** The arrays whose bytes are a dtype's; 16-bit floats pass as their patterns. */
const holds = {
  F64: [Float64Array],
  I64: [BigInt64Array],
  U64: [BigUint64Array],
  F32: [Float32Array],
  I32: [Int32Array],
  U32: [Uint32Array],
  F16: [Uint16Array],
  BF16: [Uint16Array],
  I16: [Int16Array],
  U16: [Uint16Array],
  I8: [Int8Array],
  U8: [Uint8Array],
  BOOL: [Uint8Array],
} as const;
