/** How one dtype lies in a file, and the decoders of the plain (unblocked) dtypes. */
import { float32FromBfloat16, float32FromFloat16 } from "./half.ts";

/**
 * Widens whole blocks to float32. `source` starts its buffer, so any typed array may view it; `target` is exactly as long
 * as the blocks hold.
 */
export type Decode = (source: Uint8Array<ArrayBuffer>, target: Float32Array) => void;

/** A dtype's layout: blocks of `elements` values in `bytes` bytes. */
export interface Codec {
  readonly elements: number;
  readonly bytes: number;
  /** Absent where the dtype can be named but not read as numbers. */
  readonly decode?: Decode;
}

const plain = (bytes: number, decode?: Decode): Codec => ({
  elements: 1,
  bytes,
  ...(decode === undefined ? {} : { decode }),
});

/** A 64-bit integer is its two halves; beyond 2^53 the sum rounds before float32 rounds again, off by one unit at most. */
function decode64(source: Uint8Array<ArrayBuffer>, target: Float32Array, signed: boolean): void {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  for (let i = 0; i < target.length; i++) {
    const high = signed ? view.getInt32(i * 8 + 4, true) : view.getUint32(i * 8 + 4, true);
    target[i] = high * 2 ** 32 + view.getUint32(i * 8, true);
  }
}

/** The plain dtypes by their safetensors names; F8, F4 and complex types are known in size only. */
export const plainCodecs: ReadonlyMap<string, Codec> = new Map([
  ["F64", plain(8, (source, target) => target.set(new Float64Array(source.buffer, 0, target.length)))],
  ["F32", plain(4, (source, target) => target.set(new Float32Array(source.buffer, 0, target.length)))],
  ["F16", plain(2, (source, target) => float32FromFloat16(new Uint16Array(source.buffer, 0, target.length), target))],
  ["BF16", plain(2, (source, target) => float32FromBfloat16(new Uint16Array(source.buffer, 0, target.length), target))],
  ["I64", plain(8, (source, target) => decode64(source, target, true))],
  ["U64", plain(8, (source, target) => decode64(source, target, false))],
  ["I32", plain(4, (source, target) => target.set(new Int32Array(source.buffer, 0, target.length)))],
  ["U32", plain(4, (source, target) => target.set(new Uint32Array(source.buffer, 0, target.length)))],
  ["I16", plain(2, (source, target) => target.set(new Int16Array(source.buffer, 0, target.length)))],
  ["U16", plain(2, (source, target) => target.set(new Uint16Array(source.buffer, 0, target.length)))],
  ["I8", plain(1, (source, target) => target.set(new Int8Array(source.buffer, 0, target.length)))],
  ["U8", plain(1, (source, target) => target.set(source))],
  ["BOOL", plain(1, (source, target) => target.set(source))],
  ["F8_E4M3", plain(1)],
  ["F8_E5M2", plain(1)],
  ["C64", plain(8)],
]);
