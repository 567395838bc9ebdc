/** Dequantization of ggml's non-linear 4-bit types: IQ4_NL and IQ4_XS. */
import type { Decode } from "../codec.ts";
import { half, viewOf } from "./blocks-32.ts";

/** The sixteen levels a 4-bit index stands for, as ggml fixes them: denser around zero. */
const levels = Float64Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** 16 bytes at `at` to 32 values from `out` on, first halves in the low nibbles. */
function decodeLevels(view: DataView, at: number, scale: number, target: Float32Array, out: number): void {
  for (let i = 0; i < 16; i++) {
    const pair = view.getUint8(at + i);
    target[out + i] = scale * (levels[pair & 15] ?? 0);
    target[out + 16 + i] = scale * (levels[pair >>> 4] ?? 0);
  }
}

/** 18 bytes for 32 values: scale, 16 bytes of two indices each. */
export const decodeIQ4_NL: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 18, out += 32) {
    decodeLevels(view, at + 2, half(view, at), target, out);
  }
};

/** 136 bytes for 256 values: scale, high bits and low nibbles of eight 6-bit scales, 128 bytes of indices. */
export const decodeIQ4_XS: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 136, out += 256) {
    const scale = half(view, at);
    const highBits = view.getUint16(at + 2, true);
    for (let part = 0; part < 8; part++) {
      const low = (view.getUint8(at + 4 + (part >>> 1)) >>> ((part & 1) * 4)) & 15;
      const high = (highBits >>> (2 * part)) & 3;
      decodeLevels(view, at + 8 + part * 16, scale * ((low | (high << 4)) - 32), target, out + part * 32);
    }
  }
};
