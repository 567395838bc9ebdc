/** Bulk conversion between float32 and the two 16-bit floats; writing rounds to nearest, ties to even. */

/** The float32 bits of each of the 65536 float16 patterns, NaN payloads kept. */
const float16Bits = buildFloat16Bits();
/** The same table as numbers. */
export const float16Values: Float32Array = new Float32Array(float16Bits.buffer);

function buildFloat16Bits(): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(65536);
  const value = new Float32Array(1);
  const valueBits = new Uint32Array(value.buffer);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const mantissa = half & 0x3ff;
    if (exponent === 0) {
      // Subnormal: a multiple of 2^-24, which float32 holds as a normal number.
      value[0] = mantissa * 2 ** -24;
      bits[half] = sign | (valueBits[0] ?? 0);
    } else {
      bits[half] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (mantissa << 13);
    }
  }
  return bits;
}

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Float16 patterns to float32, into `target` (as long as `source`). */
export function float32FromFloat16(source: Uint16Array, target: Float32Array): void {
  const output = bitsOf(target);
  for (let i = 0; i < source.length; i++) output[i] = float16Bits[source[i] ?? 0] ?? 0;
}

/** Bfloat16 patterns to float32, into `target` (as long as `source`). */
export function float32FromBfloat16(source: Uint16Array, target: Float32Array): void {
  const output = bitsOf(target);
  for (let i = 0; i < source.length; i++) output[i] = (source[i] ?? 0) << 16;
}

/** Float32 to float16 patterns: beyond 65504 (rounded) infinity, below 2^-25 zero, NaN stays NaN. */
export function float16FromFloat32(source: Float32Array, target: Uint16Array): void {
  const input = bitsOf(source);
  for (let i = 0; i < input.length; i++) {
    const bits = input[i] ?? 0;
    const magnitude = bits & 0x7fffffff;
    let half: number;
    if (magnitude >= 0x47800000) {
      // At least 2^16, infinite or NaN; the quiet bit keeps a NaN from becoming infinity when its payload is cut.
      half = magnitude > 0x7f800000 ? 0x7e00 | ((magnitude >>> 13) & 0x3ff) : 0x7c00;
    } else if (magnitude >= 0x38800000) {
      // Normal: rebias the exponent; a rounding carry moves into it, and from 65520 on into infinity.
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    } else if (magnitude >= 0x33000000) {
      const mantissa = (magnitude & 0x7fffff) | 0x800000;
      const shift = 126 - (magnitude >>> 23);
      half = (mantissa + (1 << (shift - 1)) - 1 + ((mantissa >>> shift) & 1)) >>> shift;
    } else {
      half = 0;
    }
    target[i] = ((bits >>> 16) & 0x8000) | half;
  }
}

/** Float32 to bfloat16 patterns; NaN stays NaN. */
export function bfloat16FromFloat32(source: Float32Array, target: Uint16Array): void {
  const input = bitsOf(source);
  for (let i = 0; i < input.length; i++) {
    const bits = input[i] ?? 0;
    const unordered = (bits & 0x7fffffff) > 0x7f800000;
    target[i] = unordered ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
}
