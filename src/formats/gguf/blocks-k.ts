/**
 * Dequantization of ggml's K types: super-blocks of 256 values whose parts of 16 or 32 have small integer scales
 * (and minimums) under one float16 scale. Products stay exact in float64 and are rounded once, on storing.
 */
import type { Decode } from "../codec.ts";
import { half, viewOf } from "./blocks-32.ts";

/** 84 bytes: 16 × (4-bit scale, 4-bit minimum), 64 bytes of 2-bit values, scale, scale of minimums. */
export const decodeQ2_K: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 84, out += 256) {
    const scale = half(view, at + 80);
    const minimumScale = half(view, at + 82);
    for (let part = 0; part < 16; part++) {
      const packed = view.getUint8(at + part);
      const partScale = scale * (packed & 15);
      const minimum = minimumScale * (packed >>> 4);
      // 32 bytes serve 128 values: four parts of two, at rising bit positions.
      const values = at + 16 + (part >>> 3) * 32 + (part & 1) * 16;
      const shift = part & 6;
      const first = out + part * 16;
      for (let i = 0; i < 16; i++)
        target[first + i] = partScale * ((view.getUint8(values + i) >>> shift) & 3) - minimum;
    }
  }
};

/** 110 bytes: 32 bytes of third bits (set: no offset of 4), 64 bytes of 2-bit values, 16 6-bit scales in 12 bytes, scale. */
export const decodeQ3_K: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 110, out += 256) {
    const scale = half(view, at + 108);
    for (let part = 0; part < 16; part++) {
      const low = (view.getUint8(at + 96 + (part & 7)) >>> (part < 8 ? 0 : 4)) & 15;
      const high = (view.getUint8(at + 104 + (part & 3)) >>> (2 * (part >>> 2))) & 3;
      const partScale = scale * ((low | (high << 4)) - 32);
      const thirdBits = at + (part & 1) * 16;
      const values = at + 32 + (part >>> 3) * 32 + (part & 1) * 16;
      const shift = part & 6;
      const bit = part >>> 1;
      const first = out + part * 16;
      for (let i = 0; i < 16; i++) {
        const third = (view.getUint8(thirdBits + i) >>> bit) & 1;
        target[first + i] = partScale * (((view.getUint8(values + i) >>> shift) & 3) + third * 4 - 4);
      }
    }
  }
};

/** The `part`-th of the 8 6-bit scales that Q4_K and Q5_K pack with 8 minimums into 12 bytes. */
function scaleOf(view: DataView, at: number, part: number): number {
  if (part < 4) return view.getUint8(at + part) & 63;
  return (view.getUint8(at + part + 4) & 15) | ((view.getUint8(at + part - 4) >>> 6) << 4);
}

/** The `part`-th of the 8 minimums beside them. */
function minimumOf(view: DataView, at: number, part: number): number {
  if (part < 4) return view.getUint8(at + part + 4) & 63;
  return (view.getUint8(at + part + 4) >>> 4) | ((view.getUint8(at + part) >>> 6) << 4);
}

/** 144 bytes: scale, scale of minimums, 12 bytes of 6-bit scales and minimums, 128 bytes of 4-bit values. */
export const decodeQ4_K: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 144, out += 256) {
    const scale = half(view, at);
    const minimumScale = half(view, at + 2);
    for (let part = 0; part < 8; part++) {
      const partScale = scale * scaleOf(view, at + 4, part);
      const minimum = minimumScale * minimumOf(view, at + 4, part);
      const values = at + 16 + (part >>> 1) * 32;
      const shift = (part & 1) * 4;
      const first = out + part * 32;
      for (let i = 0; i < 32; i++)
        target[first + i] = partScale * ((view.getUint8(values + i) >>> shift) & 15) - minimum;
    }
  }
};

/** 176 bytes: as Q4_K, with 32 bytes of fifth bits before the values. */
export const decodeQ5_K: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 176, out += 256) {
    const scale = half(view, at);
    const minimumScale = half(view, at + 2);
    for (let part = 0; part < 8; part++) {
      const partScale = scale * scaleOf(view, at + 4, part);
      const minimum = minimumScale * minimumOf(view, at + 4, part);
      const values = at + 48 + (part >>> 1) * 32;
      const shift = (part & 1) * 4;
      const first = out + part * 32;
      for (let i = 0; i < 32; i++) {
        const fifth = (view.getUint8(at + 16 + i) >>> part) & 1;
        target[first + i] = partScale * (((view.getUint8(values + i) >>> shift) & 15) | (fifth << 4)) - minimum;
      }
    }
  }
};

/** 210 bytes: 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, scale: `scale * part scale * (q - 32)`. */
export const decodeQ6_K: Decode = (source, target) => {
  const view = viewOf(source);
  for (let at = 0, out = 0; out < target.length; at += 210, out += 256) {
    const scale = half(view, at + 208);
    for (let part = 0; part < 16; part++) {
      const partScale = scale * view.getInt8(at + 192 + part);
      const side = part >>> 3;
      // Within 128 values, the first 64 are low nibbles and the last 64 the high ones of the same 64 bytes.
      const low = at + side * 64 + (part & 3) * 16;
      const lowShift = part & 4;
      const high = at + 128 + side * 32 + (part & 1) * 16;
      const highShift = part & 6;
      const first = out + part * 16;
      for (let i = 0; i < 16; i++) {
        const nibble = (view.getUint8(low + i) >>> lowShift) & 15;
        const pair = (view.getUint8(high + i) >>> highShift) & 3;
        target[first + i] = partScale * ((nibble | (pair << 4)) - 32);
      }
    }
  }
};
