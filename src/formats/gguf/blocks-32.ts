/** Dequantization of ggml's 32-value block types: Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0. */
import type { Decode } from "../codec.ts";
import { float16Values } from "../half.ts";

/** The float16 at `at`. */
export function half(view: DataView, at: number): number {
  return float16Values[view.getUint16(at, true)] ?? 0;
}

/** A view of the source bytes. */
export function viewOf(source: Uint8Array): DataView {
  return new DataView(source.buffer, source.byteOffset, source.byteLength);
}

/** Scale, 16 bytes of two values each (first halves low): `scale * (q - 8)`. */
export const decodeQ4_0: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 18, out += 32) {
    const scale = half(view, at);
    for (let i = 0; i < 16; i++) {
      const pair = view.getUint8(at + 2 + i);
      target[out + i] = scale * ((pair & 15) - 8);
      target[out + 16 + i] = scale * ((pair >>> 4) - 8);
    }
  }
};

/** Scale, minimum, 16 bytes of two values each: `scale * q + minimum`. */
export const decodeQ4_1: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 20, out += 32) {
    const scale = half(view, at);
    const minimum = half(view, at + 2);
    for (let i = 0; i < 16; i++) {
      const pair = view.getUint8(at + 4 + i);
      target[out + i] = scale * (pair & 15) + minimum;
      target[out + 16 + i] = scale * (pair >>> 4) + minimum;
    }
  }
};

/** As Q4_0, with each value's fifth bit in a 32-bit word: `scale * (q - 16)`. */
export const decodeQ5_0: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 22, out += 32) {
    const scale = half(view, at);
    const fifth = view.getUint32(at + 2, true);
    for (let i = 0; i < 16; i++) {
      const pair = view.getUint8(at + 6 + i);
      target[out + i] = scale * (((pair & 15) | (((fifth >>> i) & 1) << 4)) - 16);
      target[out + 16 + i] = scale * (((pair >>> 4) | (((fifth >>> (i + 16)) & 1) << 4)) - 16);
    }
  }
};

/** As Q4_1, with each value's fifth bit in a 32-bit word: `scale * q + minimum`. */
export const decodeQ5_1: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 24, out += 32) {
    const scale = half(view, at);
    const minimum = half(view, at + 2);
    const fifth = view.getUint32(at + 4, true);
    for (let i = 0; i < 16; i++) {
      const pair = view.getUint8(at + 8 + i);
      target[out + i] = scale * ((pair & 15) | (((fifth >>> i) & 1) << 4)) + minimum;
      target[out + 16 + i] = scale * ((pair >>> 4) | (((fifth >>> (i + 16)) & 1) << 4)) + minimum;
    }
  }
};

/** Scale and 32 signed bytes. */
export const decodeQ8_0: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 34, out += 32) {
    const scale = half(view, at);
    for (let i = 0; i < 32; i++) target[out + i] = scale * view.getInt8(at + 2 + i);
  }
};
