/** The vocabulary all tensor files share: what a tensor is, and a source that reads one tensor at a time. */

/** A value of a file's metadata; 64-bit integers are numbers where exact, otherwise bigints; truth values in arrays are bytes. */
export type MetadataValue =
  | string
  | number
  | bigint
  | boolean
  | readonly string[]
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** What a file says of one tensor. */
export interface TensorInfo {
  readonly name: string;
  /** The type as the format spells it: `F32`, `BF16`, `I64`, `Q4_K`, … */
  readonly dtype: string;
  /** Sizes, slowest first (row-major) whatever the format's own order; empty for a scalar. */
  readonly shape: readonly number[];
  /** Size in the file, in bytes. */
  readonly bytes: number;
}

/**
 * An open tensor file (or set of shards). Opening reads headers only; each read goes to the disk when asked, so a model
 * larger than memory is streamed by reading a layer, using it and letting it go.
 */
export interface TensorSource {
  /** The file or folder, for messages. */
  readonly path: string;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** Every tensor's name, in file order. */
  names(): readonly string[];
  has(name: string): boolean;
  /** Throws `FormatError` for a name the file lacks. */
  info(name: string): TensorInfo;
  /**
   * The tensor widened or dequantized to float32, row-major, in memory of its own. F32 data is read straight into the
   * result. Throws `FormatError` for an unknown name, a dtype without a decoder, or a file that shrank since.
   */
  readFloat32(name: string): Float32Array<ArrayBuffer>;
  /** The tensor's bytes in its dtype, at offset 0 of a buffer of their own, so that any typed array may view them. */
  readRaw(name: string): Uint8Array<ArrayBuffer>;
  /** Closes the files; reading afterwards throws. */
  close(): void;
}

/** How many elements a shape holds (1 for a scalar). Not checked for overflow: see `checkedElementCount`. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** As `elementCount`, or undefined where a size is no natural number or the product is not exact. */
export function checkedElementCount(shape: readonly number[]): number | undefined {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return undefined;
  if (shape.includes(0)) return 0;
  const count = elementCount(shape);
  return Number.isSafeInteger(count) ? count : undefined;
}

/** A tensor in float64: exact for F64 tensors, otherwise the float32 reading widened. */
export function readFloat64(source: TensorSource, name: string): Float64Array<ArrayBuffer> {
  if (source.info(name).dtype === "F64") return new Float64Array(source.readRaw(name).buffer);
  return Float64Array.from(source.readFloat32(name));
}
