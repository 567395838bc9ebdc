/** GGUF's typed metadata values. */
import { FormatError } from "../../errors.ts";
import type { MetadataValue } from "../tensor.ts";
import type { Cursor } from "./cursor.ts";

/** Ceiling on keys: published files have some 50, with rarely over 100. */
const MAXIMUM_KEYS = 65_536;

const STRING = 8;
const ARRAY = 9;
const BOOL = 7;

/** The numeric types by their number in the file: bytes of an element, and the array that views many. */
const numericTypes = new Map<number, { bytes: number; view: (buffer: ArrayBuffer) => NumericArray }>([
  [0, { bytes: 1, view: (buffer) => new Uint8Array(buffer) }],
  [1, { bytes: 1, view: (buffer) => new Int8Array(buffer) }],
  [2, { bytes: 2, view: (buffer) => new Uint16Array(buffer) }],
  [3, { bytes: 2, view: (buffer) => new Int16Array(buffer) }],
  [4, { bytes: 4, view: (buffer) => new Uint32Array(buffer) }],
  [5, { bytes: 4, view: (buffer) => new Int32Array(buffer) }],
  [6, { bytes: 4, view: (buffer) => new Float32Array(buffer) }],
  [10, { bytes: 8, view: (buffer) => new BigUint64Array(buffer) }],
  [11, { bytes: 8, view: (buffer) => new BigInt64Array(buffer) }],
  [12, { bytes: 8, view: (buffer) => new Float64Array(buffer) }],
]);

type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** Reads `count` keys and values; a repeated key, an unknown type or an array of arrays throws `FormatError`. */
export function readMetadata(cursor: Cursor, count: number): ReadonlyMap<string, MetadataValue> {
  const { path } = cursor.file;
  if (count > MAXIMUM_KEYS)
    throw new FormatError(path, `declares ${count} metadata keys; at most ${MAXIMUM_KEYS} are read`);
  const metadata = new Map<string, MetadataValue>();
  for (let i = 0; i < count; i++) {
    const key = cursor.string(`metadata key ${i}`);
    if (metadata.has(key)) throw new FormatError(path, `metadata key "${key}" occurs twice`);
    const type = cursor.uint32(`the type of metadata "${key}"`);
    metadata.set(key, type === ARRAY ? readArray(cursor, key) : readScalar(cursor, key, type));
  }
  return metadata;
}

function readScalar(cursor: Cursor, key: string, type: number): MetadataValue {
  const what = `metadata "${key}"`;
  if (type === STRING) return cursor.string(what);
  if (type === BOOL) return readBooleans(cursor, key, 1)[0] === 1;
  const numeric = numericTypes.get(type);
  if (numeric === undefined) throw unknownType(cursor, key, type);
  const [value = 0] = numeric.view(cursor.bytes(numeric.bytes, what).buffer);
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function readArray(cursor: Cursor, key: string): MetadataValue {
  const what = `metadata array "${key}"`;
  const type = cursor.uint32(`the element type of ${what}`);
  const length = cursor.count(`the length of ${what}`);
  if (type === STRING) {
    // Each string takes at least its length field.
    cursor.require(length * 8, what);
    const strings: string[] = [];
    for (let i = 0; i < length; i++) strings.push(cursor.string(what));
    return strings;
  }
  if (type === BOOL) return readBooleans(cursor, key, length);
  const numeric = numericTypes.get(type);
  if (numeric === undefined) throw unknownType(cursor, key, type);
  return numeric.view(cursor.bytes(length * numeric.bytes, what).buffer);
}

/** Truth values as bytes of 0 and 1: arrays of them stay as small as in the file. */
function readBooleans(cursor: Cursor, key: string, length: number): Uint8Array {
  const bytes = cursor.bytes(length, `metadata "${key}"`);
  const wrong = bytes.find((byte) => byte > 1);
  if (wrong !== undefined) {
    throw new FormatError(cursor.file.path, `metadata "${key}" is a truth value of ${wrong}, neither 0 nor 1`);
  }
  return bytes;
}

function unknownType(cursor: Cursor, key: string, type: number): FormatError {
  const problem = type === ARRAY ? "is an array of arrays, which is not read" : `has the unknown type ${type}`;
  return new FormatError(cursor.file.path, `metadata "${key}" ${problem}`);
}
